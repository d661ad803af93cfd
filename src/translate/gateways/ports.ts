import { requestFilters } from './listener-filters.ts';
import type { GatewayState, ListenerState } from './state.ts';
import { mostSpecificFirst } from '../hostname.ts';
import type { PortBinding } from '../inputs.ts';
import type { FilterChain, Listener, RouteTable } from '../../ir/listener.ts';

/** A port that a proxy wants. Key: `proxy/port`. The infrastructure answers with a PortBinding. */
export interface WantedPort {
  readonly proxy: string;
  readonly port: number;
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

/** The ports that the listeners of a fleet are on, but for listeners that are out anyway. */
export function wantedPorts(fleet: Fleet): readonly WantedPort[] {
  const accepted = listenersOf(fleet).filter(({ listener }) => isAccepted(listener));
  const byPort = Map.groupBy(accepted, ({ listener }) => listener.port);
  return [...byPort].sort(([a], [b]) => a - b).flatMap(([port, [first]]) =>
    first === undefined ? [] : [{ proxy: first.gateway.proxy, port, protocol: first.listener.protocol, address: first.gateway.address }],
  );
}

/** Nothing in the spec stands against a listener, though a certificate or the port itself may not be there. */
function isAccepted({ acceptedFault, conflict }: ListenerState): boolean {
  return acceptedFault === undefined && conflict === undefined;
}

function listenersOf(fleet: Fleet): Serving[] {
  return fleet.filter(({ fault }) => fault === undefined).flatMap((gateway) => gateway.listeners.map((listener) => ({ gateway, listener })));
}

/** The listeners that get a place in the proxy, by port. */
export function servingByPort(fleet: Fleet): ReadonlyMap<number, readonly Serving[]> {
  return Map.groupBy(
    listenersOf(fleet).filter(({ listener }) => listener.serving),
    ({ listener }) => listener.port,
  );
}

/** The proxy's listener for one port, or undefined while it is not known where the port is bound. */
export function listenerOf(serving: readonly Serving[], binding: PortBinding | undefined): Listener | undefined {
  const [first] = serving;
  if (first === undefined || binding === undefined || 'error' in binding) return undefined;
  const { gateway, listener } = first;
  const owners = [...new Set(serving.map((one) => one.gateway))].map(({ key, version }) => ({ owner: `Gateway/${key}`, ownerVersion: version }));
  const listeners = serving.map((one) => one.listener);
  return {
    key: `${gateway.proxy}/${listener.port}`,
    proxy: gateway.proxy,
    owners,
    port: listener.port,
    boundPort: binding.boundPort,
    address: gateway.address,
    filterOrder: gateway.settings?.filterOrder ?? [],
    chains: listener.protocol === 'HTTPS' ? tlsChains(listeners) : [plainChain(listener, listeners)],
  };
}

/** Without TLS nothing tells connections apart: all listeners of the port share a chain and a table. */
function plainChain({ chain, table }: ListenerState, all: readonly ListenerState[]): FilterChain {
  return { name: chain, serverNames: [], tls: undefined, requestFilters: requestFilters(all), routeTable: table };
}

function tlsChains(listeners: readonly ListenerState[]): FilterChain[] {
  return [...listeners]
    .sort((a, b) => mostSpecificFirst(a.hostname, b.hostname))
    .map((listener) => ({
      name: listener.chain,
      serverNames: listener.hostname === '*' ? [] : [listener.hostname],
      tls: { certificates: listener.certificates, alpn: ['h2', 'http/1.1'], clientValidation: listener.clientValidation },
      requestFilters: listener.filters.map((filter) => ({ ...filter, hosts: undefined })),
      routeTable: listener.table,
    }));
}

/** A route table, and who answers for which hosts in it. Key: the table's. */
export interface TableState {
  readonly table: RouteTable;
  /** Hostnames of all listeners of the port → listener: a host belongs to the most specific that covers it. */
  readonly owners: ReadonlyMap<string, string>;
  /** Names of the listeners whose routes are in this table. */
  readonly listeners: readonly string[];
  /** Routes are tried in the order in which they were written, not by how specific they are. */
  readonly preserveRouteOrder: boolean;
}

/**
 * The route tables of one port. A listener that has no certificate keeps its hosts: a wider listener, whose chain takes
 * the connections in its place, must not answer for them.
 */
export function tablesOf(fleet: Fleet, serving: readonly Serving[], binding: PortBinding | undefined): TableState[] {
  const clientPort = binding !== undefined && 'clientPort' in binding ? binding.clientPort : undefined;
  const port = serving[0]?.listener.port;
  const claiming = listenersOf(fleet).flatMap(({ listener }) => (listener.port === port && isAccepted(listener) ? [listener] : []));
  const owners = new Map(claiming.map((listener) => [listener.hostname, listener.key]));
  const byTable = Map.groupBy(serving, ({ listener }) => listener.table);
  return [...byTable].map(([key, members]) => {
    const own = members.map(({ listener }) => listener);
    return {
      table: {
        key,
        proxy: members[0]?.gateway.proxy ?? '',
        port: clientPort ?? own[0]?.port ?? 0,
        scheme: own[0]?.protocol === 'HTTPS' ? 'https' : 'http',
        misdirected: claiming
          .filter((listener) => !own.includes(listener))
          .map((listener) => listener.hostname)
          .sort(mostSpecificFirst),
        ...(own.some(({ filters }) => filters.length > 0) && { guarded: true as const }),
      },
      owners,
      listeners: own.map((listener) => listener.key),
      preserveRouteOrder: members[0]?.gateway.settings?.preserveRouteOrder === true,
    };
  });
}
