import { randomUUID } from 'node:crypto';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import { DeltaDiscoveryRequestSchema, DeltaDiscoveryResponseSchema } from '../../../src/gen/envoy/service/discovery/v3/discovery_pb.ts';
import type { DeltaDiscoveryRequest, DeltaDiscoveryResponse } from '../../../src/gen/envoy/service/discovery/v3/discovery_pb.ts';

/** A delta ADS server that gives whatever it was told to whoever asks, and says what became of it. */
export interface StaticAds {
  /** Sets a resource; resolves when Envoy, if it subscribed, has taken it, rejects with Envoy's words when it refused. */
  set(type: string, name: string, value: Uint8Array): Promise<void>;
  close(): void;
}

interface Stream {
  readonly call: grpc.ServerDuplexStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;
  readonly subscriptions: Map<string, Set<string>>;
}

const typePrefix = 'type.googleapis.com/';
const wildcardTypes = ['envoy.config.cluster.v3.Cluster', 'envoy.config.listener.v3.Listener', 'envoy.config.route.v3.ScopedRouteConfiguration'];

export async function startStaticAds(socket: string): Promise<StaticAds> {
  const resources = new Map<string, Map<string, Uint8Array>>();
  const streams = new Set<Stream>();
  const waiting = new Map<string, { resolve: () => void; reject: (reason: Error) => void }>();

  function send(stream: Stream, type: string, names: readonly string[]): string {
    const nonce = randomUUID();
    const found = names.flatMap((name) => {
      const value = resources.get(type)?.get(name);
      return value === undefined ? [] : [{ name, version: nonce, resource: { typeUrl: `${typePrefix}${type}`, value } }];
    });
    stream.call.write(create(DeltaDiscoveryResponseSchema, { typeUrl: `${typePrefix}${type}`, nonce, resources: found, systemVersionInfo: nonce }));
    return nonce;
  }

  function receive(stream: Stream, request: DeltaDiscoveryRequest): void {
    const type = request.typeUrl.slice(typePrefix.length);
    const wait = waiting.get(request.responseNonce);
    waiting.delete(request.responseNonce);
    if (request.errorDetail === undefined) wait?.resolve();
    else if (wait !== undefined) wait.reject(new Error(request.errorDetail.message));
    else process.stderr.write(`Envoy refused ${type}: ${request.errorDetail.message}\n`);
    const first = !stream.subscriptions.has(type);
    const names = stream.subscriptions.get(type) ?? new Set(wildcardTypes.includes(type) ? ['*'] : []);
    stream.subscriptions.set(type, names);
    for (const name of request.resourceNamesUnsubscribe) names.delete(name);
    for (const name of request.resourceNamesSubscribe) names.add(name);
    if (first && names.has('*')) send(stream, type, [...(resources.get(type)?.keys() ?? [])]);
    else if (request.resourceNamesSubscribe.length > 0) send(stream, type, request.resourceNamesSubscribe);
  }

  const server = new grpc.Server();
  server.addService(
    {
      deltaAggregatedResources: {
        path: '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
        requestStream: true,
        responseStream: true,
        requestSerialize: (message: DeltaDiscoveryRequest) => Buffer.from(toBinary(DeltaDiscoveryRequestSchema, message)),
        requestDeserialize: (bytes: Buffer) => fromBinary(DeltaDiscoveryRequestSchema, bytes),
        responseSerialize: (message: DeltaDiscoveryResponse) => Buffer.from(toBinary(DeltaDiscoveryResponseSchema, message)),
        responseDeserialize: (bytes: Buffer) => fromBinary(DeltaDiscoveryResponseSchema, bytes),
      },
    },
    {
      deltaAggregatedResources(call: Stream['call']) {
        const stream: Stream = { call, subscriptions: new Map() };
        streams.add(stream);
        call.on('data', (request: DeltaDiscoveryRequest) => receive(stream, request));
        call.on('error', () => streams.delete(stream));
        call.on('end', () => {
          streams.delete(stream);
          call.end();
        });
      },
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, grpc.ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error)));
  });

  return {
    async set(type, name, value) {
      const byName = resources.get(type) ?? new Map<string, Uint8Array>();
      resources.set(type, byName.set(name, value));
      const acks = [...streams]
        .filter(({ subscriptions }) => subscriptions.get(type)?.has(name) === true || subscriptions.get(type)?.has('*') === true)
        .map((stream) => {
          const nonce = send(stream, type, [name]);
          return new Promise<void>((resolve, reject) => waiting.set(nonce, { resolve, reject }));
        });
      await Promise.all(acks);
    },
    close: () => server.forceShutdown(),
  };
}
