import type { Backend, EndpointSet } from '../../ir/backend.ts';
import type { Listener, RouteTable, Transport } from '../../ir/listener.ts';
import type { VirtualHost } from '../../ir/route.ts';
import type { StreamRoute } from '../../ir/stream.ts';
import type { XdsType } from '../../xds/server/types.ts';

/** What is served, as far as an explanation needs it. */
export interface World {
  /** All listeners that are on proxies. */
  listeners(): Iterable<Listener>;
  /** Ports that Gateways want, whether they got them or not. */
  ports(): Iterable<{ readonly proxy: string; readonly port: number; readonly transport: Transport; readonly error?: string }>;
  routeTable(key: string): RouteTable | undefined;
  streamRoute(key: string): StreamRoute | undefined;
  virtualHost(table: string, domain: string): VirtualHost | undefined;
  /** The domains of a table's virtual hosts, in no particular order. May take a while. */
  domains(table: string): Iterable<string>;
  /** Whether a table is cut into shards. */
  isSharded(table: string): boolean;
  backend(key: string): Backend | undefined;
  endpoints(key: string): EndpointSet | undefined;
  /** The listeners of the Gateways behind a proxy and of their ListenerSets, as their authors wrote them. */
  gatewayListeners(proxy: string): readonly KnownListener[];
  /** The routes that are attached to a listener, by `OWNER/listener name`, each with its hostnames there. May take a while. */
  attached(listener: string): Iterable<{ readonly owner: string; readonly hostnames: readonly string[] }>;
  /** The weights of a rule's backendRefs as its author wrote them; undefined when something else is wrong with the rule or its route. */
  backendWeights(owner: string, rule: number): readonly number[] | undefined;
  /** Routes of some kinds that a host would be answered by, were it not for a reason. */
  unserved(gateway: string, kinds: readonly RouteKind[]): Iterable<UnservedRoute>;
  /** How far a resource has come; undefined where nothing is delivered (offline). */
  readonly delivery?: (proxy: string, type: XdsType, name: string) => Delivery;
}

export type RouteKind = 'HTTPRoute' | 'GRPCRoute' | 'TLSRoute' | 'TCPRoute' | 'UDPRoute';

/** A listener of a Gateway or of a ListenerSet. */
export interface KnownListener {
  /** `namespace/name` of the Gateway. */
  readonly gateway: string;
  /** The object that has it: `ListenerSet/namespace/name`. */
  readonly owner: string;
  readonly name: string;
  readonly port: number;
  readonly transport: Transport;
  /** `*` when none is given. */
  readonly hostname: string;
  /** The filter chain that takes its connections. */
  readonly chain: string;
  /** Why it is not served. */
  readonly fault: string | undefined;
}

/** A route object that a Gateway does not serve. */
export interface UnservedRoute {
  /** `HTTPRoute/namespace/name`. */
  readonly owner: string;
  readonly hostnames: readonly string[];
  readonly reason: string;
}

/** How far an xDS resource has come at the Envoys of a proxy; the one that is furthest behind counts. */
export interface Delivery {
  readonly state: 'acked' | 'pending' | 'refused' | 'not connected';
  /** Envoy's words. */
  readonly message?: string;
}
