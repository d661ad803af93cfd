import { type GrpcMethod, grpcStatus } from './grpc-call.ts';
import { delimited, ProtoReader } from './proto-reader.ts';

/** The service that tells whether this process serves, and the services that one can ask about. '' stands for all of it. */
export const healthPath = '/grpc.health.v1.Health/Check';
export const healthServices = ['', 'liveness', 'readiness', 'envoy.service.ext_proc.v3.ExternalProcessor'] as const;

export type HealthService = (typeof healthServices)[number];

/** `grpc.health.v1.HealthCheckResponse`: 1 status, SERVING 1 or NOT_SERVING 2. */
const serving = Buffer.from([0x08, 1]);
const notServing = Buffer.from([0x08, 2]);

/**
 * `grpc.health.v1.Health/Check`. Unknown services are NOT_FOUND. `Watch` is not there, as with the upstream picker: who probes asks again and again.
 *
 *     HealthCheckRequest   1 service
 */
export function healthMethod(isServing: (service: HealthService) => boolean): GrpcMethod {
  return (call) => ({
    message(bytes) {
      let service = '';
      const reader = new ProtoReader(bytes);
      while (reader.next()) {
        if (reader.tag === delimited(1)) service = reader.text();
        else reader.skip();
      }
      const known = healthServices.find((name) => name === service);
      if (reader.failure !== undefined) return call.end(grpcStatus.INVALID_ARGUMENT, `HealthCheckRequest: ${reader.failure}`);
      if (known === undefined) return call.end(grpcStatus.NOT_FOUND, 'unknown service');
      call.send(isServing(known) ? serving : notServing);
      call.end(grpcStatus.OK);
    },
    halfClosed: () => call.end(grpcStatus.INVALID_ARGUMENT, 'no HealthCheckRequest'),
    closed() {},
  });
}
