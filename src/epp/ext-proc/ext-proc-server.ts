import type { BodyLimits } from './duplex-request.ts';
import { type GrpcMethod, grpcStatus } from './grpc-call.ts';
import { GrpcServer, type ServerCertificate } from './grpc-server.ts';
import { healthMethod, healthPath, type HealthService } from './health.ts';
import { HeldBytes } from './held-bytes.ts';
import { decodeProcessingRequest } from './processing-request.ts';
import type { HandlerFactory } from './request-handler.ts';
import { ExtProcStream } from './stream.ts';

export const processPath = '/envoy.service.ext_proc.v3.ExternalProcessor/Process';

export interface ExtProcServerOptions {
  readonly handler: HandlerFactory;
  readonly isServing: (service: HealthService) => boolean;
  /** A handler threw, or the server could not accept a connection. */
  readonly onError: (error: unknown) => void;
  readonly limits?: Partial<ExtProcLimits>;
  readonly tls?: ServerCertificate;
  readonly keepAliveMs?: number;
}

export interface ExtProcLimits {
  /** Bytes of one body that are held, where a body is held (full duplex); more are answered with 413. */
  readonly maxBodyBytes: number;
  /** Bytes of all bodies that are held; requests beyond them are answered with 503. */
  readonly maxHeldBytes: number;
  /** Bytes of one message from Envoy: a chunk, or headers. */
  readonly maxMessageBytes: number;
  readonly maxConnections: number;
  readonly maxStreamsPerConnection: number;
}

export const defaultLimits: ExtProcLimits = {
  maxBodyBytes: 16 * 1024 * 1024,
  maxHeldBytes: 256 * 1024 * 1024,
  maxMessageBytes: 32 * 1024 * 1024,
  maxConnections: 1_000,
  maxStreamsPerConnection: 100_000,
};

/** A server that is not listening yet: an external processor for Envoy, with the health service beside it. */
export function extProcServer({ handler, isServing, onError, limits, tls, keepAliveMs }: ExtProcServerOptions): GrpcServer {
  const { maxBodyBytes, maxHeldBytes, maxMessageBytes, maxConnections, maxStreamsPerConnection } = { ...defaultLimits, ...limits };
  const methods = new Map([
    [processPath, processMethod(handler, { maxBodyBytes, held: new HeldBytes(maxHeldBytes) })],
    [healthPath, healthMethod(isServing)],
  ]);
  return new GrpcServer({ methods, maxMessageBytes, maxConnections, maxStreamsPerConnection, onError, ...(tls && { tls }), ...(keepAliveMs && { keepAliveMs }) });
}

function processMethod(handler: HandlerFactory, limits: BodyLimits): GrpcMethod {
  return (call) => {
    const stream = new ExtProcStream({
      send: (message) => call.send(message),
      fail: (message) => call.end(grpcStatus.INVALID_ARGUMENT, message),
      limits,
      handler: (control) => handler(control, call.metadata),
    });
    return {
      message: (bytes) => stream.receive(decodeProcessingRequest(bytes)),
      halfClosed: () => {
        stream.closed();
        call.end(grpcStatus.OK);
      },
      closed: () => stream.closed(),
    };
  };
}
