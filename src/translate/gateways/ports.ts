import { ownFilters, sharedFilters } from './listener-filters.ts';
import { misdirections } from './misdirected.ts';
import type { GatewayState, ListenerState } from './state.ts';
import { mostSpecificFirst } from '../hostname.ts';
import type { PortBinding } from '../inputs.ts';
import type { ChainTarget, FilterChain, Listener, RouteTable, Transport } from '../../ir/listener.ts';

/** A port that a proxy wants. Key: `portKey`. The infrastructure answers with a PortBinding. */
export interface WantedPort {
  readonly proxy: string;
  readonly port: number;
  readonly transport: Transport;
  /** Of the listeners there: `HTTP`, `HTTPS` … */
  readonly protocol: string;
  readonly address: string;
}

/** A listener that gets a place in a proxy, with its Gateway. */
interface Serving {
  readonly gateway: GatewayState;
  readonly listener: ListenerState;
}

/** The Gateways of one proxy, the oldest first: one, or several that are merged. */
export type Fleet = readonly GatewayState[];

/** What stands for a port of a proxy, and for its listener there: `proxy/port`, `proxy/port/udp`. */
export function portKey(proxy: string, port: number, transport: Transport): string {
  return transport === 'UDP' ? `${proxy}/${port}/udp` : `${proxy}/${port}`;
}

function portOf({ gateway, listener }: Serving): string {
  return portKey(gateway.proxy, listener.port, listener.transport);
}

/** The ports that the listeners of a fleet are on, but for listeners that are out anyway, by key. */
export function wantedPorts(fleet: Fleet): ReadonlyMap<string, WantedPort> {
  const accepted = listenersOf(fleet).filter(({ listener }) => isAccepted(listener));
  return new Map([...Map.groupBy(accepted, portOf)].flatMap(([key, [first]]): [string, WantedPort][] => {
    if (first === undefined) return [];
    const { gateway, listener: { port, transport, protocol } } = first;
    return [[key, { proxy: gateway.proxy, port, transport, protocol, address: gateway.address }]];
  }));
}

/** Nothing in the spec stands against a listener, though a certificate or the port itself may not be there. */
function isAccepted({ acceptedFault, conflict }: ListenerState): boolean {
  return acceptedFault === undefined && conflict === undefined;
}

function listenersOf(fleet: Fleet): Serving[] {
  return fleet.filter(({ fault }) => fault === undefined).flatMap((gateway) => gateway.listeners.map((listener) => ({ gateway, listener })));
}

/** The listeners that get a place in the proxy, by the key of their port. */
export function servingByPort(fleet: Fleet): ReadonlyMap<string, readonly Serving[]> {
  return Map.groupBy(listenersOf(fleet).filter(({ listener }) => listener.serving), portOf);
}

/** A domain of a listener of layer 4, and the stream route that takes its connections; undefined: none does. */
export interface StreamDomain {
  readonly domain: string;
  readonly route: string | undefined;
}

/** The proxy's listener for one port, or undefined while it is not known where the port is bound. `streams` are the domains of a table. */
export function listenerOf(
  serving: readonly Serving[],
  { binding, streams }: { readonly binding: PortBinding | undefined; readonly streams: (table: string) => readonly StreamDomain[] },
): Listener | undefined {
  const [first] = serving;
  if (first === undefined || binding === undefined || 'error' in binding) return undefined;
  const { gateway, listener } = first;
  const owners = new Map(serving.flatMap(ownersOf));
  const sharing = serving.map((one) => one.listener);
  const separate = listener.tls === undefined ? [first] : serving;
  return {
    key: portOf(first),
    proxy: gateway.proxy,
    transport: listener.transport,
    owners: [...owners].map(([owner, ownerVersion]) => ({ owner, ownerVersion })),
    port: listener.port,
    boundPort: binding.boundPort,
    address: gateway.address,
    filterOrder: gateway.settings?.filterOrder ?? [],
    chains: separate
      .flatMap((one) => chainsOf(one, { sharing, streams }))
      .sort((a, b) => mostSpecificFirst(a.serverNames[0] ?? '*', b.serverNames[0] ?? '*')),
  };
}

function ownersOf({ gateway: { key, tracing, version }, listener: { layer, owner } }: Serving): [string, string][] {
  return [[`Gateway/${key}`, version], [owner.ref, owner.version], ...(tracing === undefined || layer !== 7 ? [] : [[tracing.owner, tracing.ownerVersion] satisfies [string, string]])];
}

/** Without TLS nothing tells connections apart: all listeners of the port share a chain and a table. */
function chainsOf(
  { gateway, listener }: Serving,
  { sharing, streams }: { readonly sharing: readonly ListenerState[]; readonly streams: (table: string) => readonly StreamDomain[] },
): FilterChain[] {
  const { chain, hostname, layer, table } = listener;
  if (layer === 7) {
    const filters = listener.tls === undefined ? sharedFilters(sharing) : ownFilters(listener);
    return [chainFor(listener, { name: chain, domain: hostname, target: { type: 'routes', table, requestFilters: filters, ...(gateway.tracing !== undefined && { tracing: gateway.tracing.tracing }) } })];
  }
  return streams(table).map(({ domain, route }) =>
    chainFor(listener, {
      name: domain === hostname ? chain : `${chain}|${domain}`,
      domain,
      target: route === undefined ? undefined : { type: 'stream', route },
    }),
  );
}

function chainFor(
  { certificates, clientValidation, layer, tls }: ListenerState,
  { name, domain, target }: { readonly name: string; readonly domain: string; readonly target: ChainTarget | undefined },
): FilterChain {
  return {
    name,
    serverNames: tls === undefined || domain === '*' ? [] : [domain],
    tls: tls === 'Terminate' ? { certificates, alpn: layer === 7 ? ['h2', 'http/1.1'] : [], clientValidation } : tls === undefined ? undefined : 'passthrough',
    target,
  };
}

/** Where the routes of some listeners of a port meet, and who answers for which hosts there. Key: the table's. */
export interface TableState {
  readonly key: string;
  readonly proxy: string;
  /** undefined: what meets there are routes of layer 4. */
  readonly http: RouteTable | undefined;
  readonly transport: Transport;
  /** TLS passes through. */
  readonly passthrough: boolean;
  /** Hostnames of all listeners of the port → listener: a host belongs to the most specific that covers it. */
  readonly owners: ReadonlyMap<string, string>;
  /** Keys of the listeners whose routes are in this table. */
  readonly listeners: ReadonlySet<string>;
  /** Routes are tried in the order in which they were written, not by how specific they are. */
  readonly preserveRouteOrder: boolean;
}

/**
 * The tables of a fleet. A listener that has no certificate keeps its hosts: a wider listener, whose chain takes
 * the connections in its place, must not answer for them.
 */
export function tablesOf(fleet: Fleet, binding: (port: string) => PortBinding | undefined): TableState[] {
  const claiming = Map.groupBy(listenersOf(fleet).filter(({ listener }) => isAccepted(listener)), portOf);
  return [...servingByPort(fleet)].flatMap(([port, serving]) => {
    const claims = (claiming.get(port) ?? []).map(({ listener }) => listener);
    return tablesOfPort(serving, { claims, binding: binding(port) });
  });
}

function tablesOfPort(
  serving: readonly Serving[],
  { claims, binding }: { readonly claims: readonly ListenerState[]; readonly binding: PortBinding | undefined },
): TableState[] {
  const [first] = serving;
  if (first === undefined) return [];
  const owners = new Map(claims.map((listener) => [listener.hostname, listener.key]));
  const misdirected = misdirections(claims);
  return [...Map.groupBy(serving, ({ listener }) => listener.table)].map(([table, members]) => {
    const own = members.map(({ listener }) => listener);
    return {
      key: table,
      proxy: first.gateway.proxy,
      http: own[0]?.layer === 7 ? routeTable(table, { own, misdirected: misdirected(own), proxy: first.gateway.proxy, binding }) : undefined,
      transport: first.listener.transport,
      passthrough: own[0]?.tls === 'Passthrough',
      owners,
      listeners: new Set(own.map((listener) => listener.key)),
      preserveRouteOrder: members[0]?.gateway.settings?.preserveRouteOrder === true,
    };
  });
}

function routeTable(
  key: string,
  of: { readonly own: readonly ListenerState[]; readonly misdirected: readonly string[]; readonly proxy: string; readonly binding: PortBinding | undefined },
): RouteTable {
  const { own, misdirected, proxy, binding } = of;
  const clientPort = binding !== undefined && 'clientPort' in binding ? binding.clientPort : undefined;
  return {
    key,
    proxy,
    port: clientPort ?? own[0]?.port ?? 0,
    scheme: own[0]?.tls === undefined ? 'http' : 'https',
    misdirected,
    ...(own.some(({ filters }) => filters.length > 0) && { guarded: true as const }),
  };
}
