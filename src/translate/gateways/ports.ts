import type { GatewayState, ListenerState } from './state.ts';
import { mostSpecificFirst } from '../hostname.ts';
import type { PortBinding } from '../inputs.ts';
import type { FilterChain, Listener, RouteTable } from '../../ir/listener.ts';

/** A port that a proxy wants. Key: `proxy/port`. The infrastructure answers with a PortBinding. */
export interface WantedPort {
  readonly proxy: string;
  readonly port: number;
  readonly address: string;
}

/** The ports that a Gateway's listeners are on, but for listeners that are out anyway. */
export function wantedPorts(gateway: GatewayState): readonly WantedPort[] {
  if (gateway.fault !== undefined) return [];
  const ports = new Set(gateway.listeners.filter(isAccepted).map((listener) => listener.port));
  return [...ports].sort((a, b) => a - b).map((port) => ({ proxy: gateway.proxy, port, address: gateway.address }));
}

/** Nothing in the spec stands against a listener, though a certificate or the port itself may not be there. */
function isAccepted({ acceptedFault, conflict }: ListenerState): boolean {
  return acceptedFault === undefined && conflict === undefined;
}

/** The listeners that get a place in the proxy, by port. */
export function servingByPort(gateway: GatewayState): ReadonlyMap<number, readonly ListenerState[]> {
  if (gateway.fault !== undefined) return new Map();
  return Map.groupBy(
    gateway.listeners.filter((listener) => listener.serving),
    (listener) => listener.port,
  );
}

/** The proxy's listener for one port, or undefined while it is not known where the port is bound. */
export function listenerOf(
  gateway: GatewayState,
  listeners: readonly ListenerState[],
  binding: PortBinding | undefined,
): Listener | undefined {
  const [first] = listeners;
  if (first === undefined || binding === undefined || 'error' in binding) return undefined;
  const { proxy, address } = gateway;
  return {
    key: `${proxy}/${first.port}`,
    proxy,
    owner: `Gateway/${gateway.key}`,
    ownerVersion: gateway.version,
    port: first.port,
    boundPort: binding.boundPort,
    address,
    chains: first.protocol === 'HTTPS' ? tlsChains(listeners) : [plainChain(first)],
  };
}

/** Without TLS nothing tells connections apart: all listeners of the port share a chain and a table. */
function plainChain(listener: ListenerState): FilterChain {
  return { name: 'http', serverNames: [], tls: undefined, routeTable: listener.table };
}

function tlsChains(listeners: readonly ListenerState[]): FilterChain[] {
  return [...listeners]
    .sort((a, b) => mostSpecificFirst(a.hostname, b.hostname))
    .map((listener) => ({
      name: listener.name,
      serverNames: listener.hostname === '*' ? [] : [listener.hostname],
      tls: { certificates: listener.certificates, alpn: ['h2', 'http/1.1'] },
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
}

/**
 * The route tables of one port. A listener that has no certificate keeps its hosts: a wider listener, whose chain takes
 * the connections in its place, must not answer for them.
 */
export function tablesOf(
  gateway: GatewayState,
  listeners: readonly ListenerState[],
  binding: PortBinding | undefined,
): TableState[] {
  const clientPort = binding !== undefined && 'clientPort' in binding ? binding.clientPort : undefined;
  const claiming = gateway.listeners.filter((listener) => listener.port === listeners[0]?.port && isAccepted(listener));
  const owners = new Map(claiming.map((listener) => [listener.hostname, listener.key]));
  return [...Map.groupBy(listeners, (listener) => listener.table)].map(([key, own]) => ({
    table: {
      key,
      proxy: gateway.proxy,
      port: clientPort ?? own[0]?.port ?? 0,
      scheme: own[0]?.protocol === 'HTTPS' ? 'https' : 'http',
      misdirected: claiming
        .filter((listener) => !own.includes(listener))
        .map((listener) => listener.hostname)
        .sort(mostSpecificFirst),
    },
    owners,
    listeners: own.map((listener) => listener.key),
  }));
}

