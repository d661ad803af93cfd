import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { Client, credentials, type ChannelCredentials, type ChannelOptions, type ClientDuplexStream } from '@grpc/grpc-js';
import { ListenerSchema } from '../../src/gen/envoy/config/listener/v3/listener_pb.ts';
import { ScopedRouteConfigurationSchema } from '../../src/gen/envoy/config/route/v3/scoped_route_pb.ts';
import { HttpConnectionManagerSchema } from '../../src/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { DeltaDiscoveryRequestSchema, DeltaDiscoveryResponseSchema, type DeltaDiscoveryRequest, type DeltaDiscoveryResponse } from '../../src/gen/envoy/service/discovery/v3/discovery_pb.ts';
import { DownstreamTlsContextSchema } from '../../src/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import { recordOf, TYPE_URL, typeOf, type XdsType } from '../../src/xds/server/types.ts';

const METHOD = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

/** What a client has of a resource. */
export interface Received {
  readonly version: string;
  readonly bytes: Uint8Array;
}

export interface DeltaClientOptions {
  /** `node.cluster`. */
  readonly proxy: string;
  readonly nodeId?: string;
  /** Says why a response is refused; undefined accepts it. */
  readonly refuse?: (type: XdsType, resources: ReadonlyMap<string, Received>) => string | undefined;
  /** What the client has already, as after a reconnect: `state` of the earlier client. */
  readonly state?: Readonly<Record<XdsType, ReadonlyMap<string, Received>>>;
  /** Default: plaintext. */
  readonly credentials?: ChannelCredentials;
  readonly channel?: ChannelOptions;
}

type Names = 'resourceNamesSubscribe' | 'resourceNamesUnsubscribe' | 'initialResourceVersions' | 'responseNonce';

/** What a request says beside who the client is. */
export type Said = Partial<Pick<DeltaDiscoveryRequest, Names>> & { readonly error?: string };

/**
 * A delta ADS client that subscribes as Envoy does, over real gRPC: clusters, listeners and scopes by wildcard, the
 * endpoints of every cluster, the routes and secrets that listeners and scopes name. It acknowledges unless told otherwise.
 */
export class DeltaClient {
  /** What was accepted, by kind and name. */
  readonly state: Record<XdsType, Map<string, Received>> = recordOf(() => new Map<string, Received>());
  /** Every response: `CDS +a -b`. */
  readonly log: string[] = [];
  /** The code with which the server ended the stream, if it did. */
  ended: number | undefined;
  /** And what it said. */
  reason = '';
  readonly #options: DeltaClientOptions;
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  readonly #names: Record<XdsType, Set<string>> = recordOf(() => new Set<string>());
  #first = true;

  /** `target` is `unix:/path` or `host:port`. */
  constructor(target: string, options: DeltaClientOptions) {
    this.#options = options;
    this.#client = new Client(target, options.credentials ?? credentials.createInsecure(), options.channel);
    const bytes = (value: Buffer): Buffer => value;
    this.#stream = this.#client.makeBidiStreamRequest<Buffer, Buffer>(METHOD, bytes, bytes);
    this.#stream.on('data', (message: Buffer) => this.#received(fromBinary(DeltaDiscoveryResponseSchema, message)));
    this.#stream.on('error', (error: Error & { readonly code?: number }) => {
      this.ended = error.code ?? -1;
      this.reason = error.message;
    });
    this.#stream.on('end', () => (this.ended ??= 0));
    for (const type of ['CDS', 'LDS', 'SRDS'] as const) {
      for (const [name, received] of options.state?.[type] ?? []) this.state[type].set(name, received);
      this.send(type, { initialResourceVersions: this.#versions(type) });
    }
    this.#follow(options.state);
  }

  /** The decoded resources of one kind, sorted by name. */
  names(type: XdsType): readonly string[] {
    return [...this.state[type].keys()].sort();
  }

  /** Sends a request as it is; the first of a stream says who the client is. */
  send(type: XdsType, { error, ...fields }: Said): void {
    const { proxy, nodeId = `${proxy}-0` } = this.#options;
    const node = this.#first ? { node: { id: nodeId, cluster: proxy } } : {};
    const errorDetail = error === undefined ? {} : { errorDetail: { code: 13, message: error } };
    this.#first = false;
    const request = create(DeltaDiscoveryRequestSchema, { ...node, ...errorDetail, ...fields, typeUrl: TYPE_URL[type] });
    this.sendBytes(Buffer.from(toBinary(DeltaDiscoveryRequestSchema, request)));
  }

  /** Sends bytes, whatever they are. */
  sendBytes(bytes: Buffer): void {
    this.#stream.write(bytes);
  }

  close(): void {
    this.#stream.cancel();
    this.#client.close();
  }

  #versions(type: XdsType): Record<string, string> {
    return Object.fromEntries([...this.state[type]].map(([name, { version }]) => [name, version]));
  }

  #received({ typeUrl, nonce, resources, removedResources }: DeltaDiscoveryResponse): void {
    const type = typeOf(typeUrl);
    if (type === undefined) throw new Error(`unexpected ${typeUrl}`);
    this.log.push([type, ...resources.map(({ name }) => `+${name}`), ...removedResources.map((name) => `-${name}`)].join(' '));
    const received = new Map(resources.map(({ name, version, resource }) => [name, { version, bytes: resource?.value ?? new Uint8Array() }]));
    const message = this.#options.refuse?.(type, received);
    if (message !== undefined) return this.send(type, { responseNonce: nonce, error: message });
    for (const [name, value] of received) this.state[type].set(name, value);
    for (const name of removedResources) this.state[type].delete(name);
    this.send(type, { responseNonce: nonce });
    this.#follow();
  }

  /** Asks for what the resources at hand name. */
  #follow(before?: DeltaClientOptions['state']): void {
    const wanted: Partial<Record<XdsType, Set<string>>> = { EDS: new Set(this.state.CDS.keys()), RDS: new Set(), SDS: new Set() };
    for (const { bytes } of this.state.SRDS.values()) wanted.RDS?.add(fromBinary(ScopedRouteConfigurationSchema, bytes).routeConfigurationName);
    for (const { bytes } of this.state.LDS.values()) {
      for (const name of routesOf(bytes)) wanted.RDS?.add(name);
      for (const name of secretsOf(bytes)) wanted.SDS?.add(name);
    }
    for (const [type, names] of Object.entries(wanted) as [XdsType, Set<string>][]) {
      const known = this.#names[type];
      const subscribe = [...names].filter((name) => !known.has(name));
      const unsubscribe = [...known].filter((name) => !names.has(name));
      if (subscribe.length + unsubscribe.length === 0) continue;
      for (const name of subscribe) {
        known.add(name);
        const held = before?.[type].get(name);
        if (held !== undefined) this.state[type].set(name, held);
      }
      for (const name of unsubscribe) {
        known.delete(name);
        this.state[type].delete(name);
      }
      const initialResourceVersions = before === undefined ? {} : this.#versions(type);
      this.send(type, { resourceNamesSubscribe: subscribe, resourceNamesUnsubscribe: unsubscribe, initialResourceVersions });
    }
  }
}

/** The route configurations that a listener names. */
function routesOf(listener: Uint8Array): readonly string[] {
  const filters = fromBinary(ListenerSchema, listener).filterChains.flatMap((chain) => chain.filters);
  return filters.flatMap(({ configType }) => {
    const manager = configType.case === 'typedConfig' ? anyUnpack(configType.value, HttpConnectionManagerSchema) : undefined;
    return manager?.routeSpecifier.case === 'rds' ? [manager.routeSpecifier.value.routeConfigName] : [];
  });
}

/** The secrets that a listener names. */
function secretsOf(listener: Uint8Array): readonly string[] {
  return fromBinary(ListenerSchema, listener).filterChains.flatMap(({ transportSocket }) => {
    const config = transportSocket?.configType;
    const context = config?.case === 'typedConfig' ? anyUnpack(config.value, DownstreamTlsContextSchema) : undefined;
    return context?.commonTlsContext?.tlsCertificateSdsSecretConfigs.map(({ name }) => name) ?? [];
  });
}
