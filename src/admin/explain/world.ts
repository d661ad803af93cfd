import type { Backend, EndpointSet } from '../../ir/backend.ts';
import type { Listener, RouteTable } from '../../ir/listener.ts';
import type { VirtualHost } from '../../ir/route.ts';
import type { StreamRoute } from '../../ir/stream.ts';
import type { XdsType } from '../../xds/server/types.ts';

/** What is served, as far as an explanation needs it. */
export interface World {
  /** All listeners that are on proxies. */
  listeners(): Iterable<Listener>;
  /** Ports that Gateways want, whether they got them or not. */
  ports(): Iterable<{ readonly proxy: string; readonly port: number; readonly error?: string }>;
  routeTable(key: string): RouteTable | undefined;
  streamRoute(key: string): StreamRoute | undefined;
  virtualHost(table: string, domain: string): VirtualHost | undefined;
  /** The domains of a table's virtual hosts, in no particular order. May take a while. */
  domains(table: string): Iterable<string>;
  /** Whether a table is cut into shards. */
  isSharded(table: string): boolean;
  backend(key: string): Backend | undefined;
  endpoints(key: string): EndpointSet | undefined;
  /** The listeners of the Gateway behind a proxy, as its author wrote them. */
  gatewayListeners(proxy: string): readonly { readonly name: string; readonly port: number; readonly hostname: string }[];
  /** The weights of a rule's backendRefs as its author wrote them; undefined when something else is wrong with the rule or its route. */
  backendWeights(owner: string, rule: number): readonly number[] | undefined;
  /** Routes that a host would be answered by, were it not for a reason. */
  unserved(proxy: string): Iterable<UnservedRoute>;
  /** How far a resource has come; undefined where nothing is delivered (offline). */
  readonly delivery?: (proxy: string, type: XdsType, name: string) => Delivery;
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
