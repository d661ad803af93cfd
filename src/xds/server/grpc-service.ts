import { Server, type ServiceDefinition } from '@grpc/grpc-js';
import type { AdsCall } from './ads-stream.ts';

/** A first request names every resource that Envoy has: 64 MiB are about half a million names. */
const MAX_REQUEST_BYTES = 64 * 1024 * 1024;
/** A peer that is silent for this long (ms) is asked whether it is there. */
const KEEPALIVE_MS = 30_000;
/** And has this long (ms) to say so. */
const KEEPALIVE_ANSWER_MS = 20_000;

const bytes = (value: Buffer): Buffer => value;

/** Generic handlers over bytes: no message classes on the way. */
const SERVICE: ServiceDefinition = {
  DeltaAggregatedResources: {
    path: '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
    requestStream: true,
    responseStream: true,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  },
};

/** A gRPC server, not listening yet, that hands each delta ADS stream to `accept`. */
export function grpcServer(accept: (call: AdsCall) => void): Server {
  const server = new Server({
    'grpc.max_receive_message_length': MAX_REQUEST_BYTES,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_ANSWER_MS,
  });
  server.addService(SERVICE, { DeltaAggregatedResources: accept });
  return server;
}

/** Stops listening, and ends connections: those that have not ended by themselves after `graceMs` are cut. */
export async function shutDown(server: Server, graceMs: number): Promise<void> {
  await new Promise<void>((done) => {
    const timer = setTimeout(() => server.forceShutdown(), graceMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      done();
    });
  });
}
