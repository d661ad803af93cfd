import type { RequestFilter } from './request-filter.ts';
import type { Tracing } from './tracing.ts';

/** A fleet of Envoys that serve one configuration: what a Gateway asks for, or a class whose Gateways are merged. */
export interface Proxy {
  /** `namespace/name` of the Gateway, or the name of the class whose Gateways are merged. Envoy calls it node.cluster. */
  readonly id: string;
}

/** What carries the traffic of a socket. TCP and UDP have port numbers of their own. */
export type Transport = 'TCP' | 'UDP';

/** One socket of a proxy. */
export interface Listener {
  /** `proxy/port`, or `proxy/port/udp`. */
  readonly key: string;
  readonly proxy: string;
  readonly transport: Transport;
  /** The objects that asked for it, at their versions: `Gateway/namespace/name`. Several where Gateways share a proxy. */
  readonly owners: readonly { readonly owner: string; readonly ownerVersion: string }[];
  /** The port of the Gateway's listener: what clients believe they talk to, and what redirects name. */
  readonly port: number;
  /** The port that is really bound: differs where the user may not bind the wanted one, or in a container. */
  readonly boundPort: number;
  /** IP address to bind; `0.0.0.0` or `::` for all. */
  readonly address: string;
  /** HTTP filters that are to stand right before or after another one, by Envoy's names; applied one after the other. */
  readonly filterOrder: readonly FilterPosition[];
  /** In order of choice: Envoy takes the most specific server name, the order is for people who read it. UDP has one for all datagrams. */
  readonly chains: readonly FilterChain[];
}

/** Where a filter is to stand. One of the two is given; a filter that is not there is nobody's neighbour. */
export interface FilterPosition {
  readonly name: string;
  readonly before?: string;
  readonly after?: string;
}

/**
 * What happens to connections that name one of some servers by SNI (or to all, on a port without TLS).
 *
 *     connection ─ TLS? ─ SNI ─► chain ─┬─ request filters ─► route table ─ Host ─► virtual host ─ match ─► route
 *                                       └─► stream route ─► backends
 */
export interface FilterChain {
  /** Unique in the listener; the Gateway listener's name where there is one to one. */
  readonly name: string;
  /** Exact or `*.suffix` names; empty: every name, and connections without SNI. */
  readonly serverNames: readonly string[];
  /** `passthrough`: the servers behind us end TLS, and only its first message is read, for the server name. */
  readonly tls: TlsTermination | 'passthrough' | undefined;
  /** What becomes of the connections; undefined: they are closed. */
  readonly target: ChainTarget | undefined;
}

/** The route table behind a chain, if it is for HTTP. */
export function routeTableOf({ target }: FilterChain): string | undefined {
  return target?.type === 'routes' ? target.table : undefined;
}

/** What requests have to pass before the route table is looked at, in order. */
export function requestFiltersOf({ target }: FilterChain): readonly RequestFilter[] {
  return target?.type === 'routes' ? (target.requestFilters ?? []) : [];
}

/** How the requests of a chain are reported, if they are. */
export function tracingOf({ target }: FilterChain): Tracing | undefined {
  return target?.type === 'routes' ? target.tracing : undefined;
}

/** How a chain ends TLS, if it does. */
export function terminationOf({ tls }: FilterChain): TlsTermination | undefined {
  return tls === 'passthrough' ? undefined : tls;
}

/** HTTP, answered by a route table, behind filters or not, reported or not; or bytes that are handed on, by a stream route. Both by key. */
export type ChainTarget = { readonly type: 'routes'; readonly table: string; readonly requestFilters?: readonly RequestFilter[]; readonly tracing?: Tracing } | { readonly type: 'stream'; readonly route: string };

export interface TlsTermination {
  /** Keys of certificates, the first is the default. */
  readonly certificates: readonly string[];
  /** Offered by ALPN, most wanted first. */
  readonly alpn: readonly ('h2' | 'http/1.1')[];
  /** undefined: clients are not asked for certificates. */
  readonly clientValidation: ClientValidation | undefined;
}

/** How the certificates of clients are judged. */
export interface ClientValidation {
  /** Key of the bundle of CA certificates: one of these has to have signed what a client shows. */
  readonly trustBundle: string;
  /** Whoever shows no valid certificate is not let in. false: certificates are asked for, and everybody is let in. */
  readonly required: boolean;
}

/** A certificate chain with its private key, PEM. The key never leaves xDS: no view or log shows it. */
export interface Certificate {
  /** `Secret/namespace/name`. */
  readonly key: string;
  readonly chain: string;
  readonly privateKey: string;
}

/** The routes behind one filter chain (or several that answer alike). */
export interface RouteTable {
  /** `proxy/port` for plain HTTP, `proxy/port/listener` behind TLS. */
  readonly key: string;
  readonly proxy: string;
  /** The port that clients talk to. */
  readonly port: number;
  readonly scheme: 'http' | 'https';
  /**
   * Hosts that belong to another chain of the same port: a request for one of them over this connection was
   * misdirected and gets 421 (RFC 9110 §15.5.20). `*` when every host without a virtual host here does.
   */
  readonly misdirected: readonly string[];
  /** It is behind request filters: those see every request, one that fits no route too. */
  readonly guarded?: true;
}
