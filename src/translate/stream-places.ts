import type { StreamDomain, TableState } from './gateways/ports.ts';
import { ownerOf, type HostEntry } from './host-entries.ts';
import { mostSpecificFirst } from './hostname.ts';
import type { L4Route } from './routes/translated-route.ts';
import type { StreamRoute } from '../ir/stream.ts';
import type { Collection, Read } from '../reactive/collection.ts';
import type { Graph } from '../reactive/graph.ts';
import { byText, chain } from '../util/compare.ts';

/** Who takes the connections of listeners of layer 4. */
export interface StreamPlaces {
  /** By table: its domains, with the routes that take them. Unaffected by what a route does with a connection. */
  readonly domains: Collection<readonly StreamDomain[]>;
  readonly routes: Collection<StreamRoute>;
}

/** A domain of a table, and the route that has it. */
interface Place extends StreamDomain {
  readonly table: string;
  readonly proxy: string;
  readonly transport: TableState['transport'];
  readonly passthrough: boolean;
  /** Reference of the route. */
  readonly owner: string | undefined;
}

/**
 * Stream routes from who wants which host. There is nothing to tell the connections of one server name apart by, so one route
 * has them all: "only the oldest route is bound to the listener" (Gateway API, TCPRoute, and its conformance tests).
 */
export function streamPlaces(
  graph: Graph,
  from: {
    /** Entries by host. */
    readonly hosts: Collection<readonly HostEntry[]>;
    readonly tables: Collection<TableState>;
    readonly routes: Collection<L4Route>;
  },
): StreamPlaces {
  const places = graph.derive('stream-places', from.hosts, (entries, read, key): Place | undefined => {
    const [first] = entries;
    const state = first && read.get(from.tables, first.table);
    if (first === undefined || state === undefined || state.http !== undefined) return undefined;
    const { table, domain } = first;
    const owner = ownerOf(state, domain);
    if (owner === undefined || !state.listeners.has(owner)) return undefined;
    const route = winner(read, entries.filter((entry) => entry.listener === owner), from.routes);
    return { table, domain, proxy: state.proxy, transport: state.transport, passthrough: state.passthrough, owner: route?.ref, route: route && key };
  });
  const routes = graph.derive('stream-routes', places, ({ proxy, transport, passthrough, owner }, read, key): StreamRoute | undefined => {
    const route = owner === undefined ? undefined : read.get(from.routes, owner);
    return route && { key, proxy, transport, owner: route.ref, ownerVersion: route.version, backends: passthrough ? route.passthroughShares : route.shares };
  });
  return { domains: graph.group('stream-domains', places, ({ table }) => [table], (a, b) => byText(a.domain, b.domain)), routes };
}

interface Candidate {
  readonly hostname: string;
  readonly route: L4Route;
}

/** "The largest number of characters in a matching non-wildcard hostname", as the route itself gave it; then the oldest; then the first by name. */
const byPrecedence: (a: Candidate, b: Candidate) => number = chain<Candidate>(
  (a, b) => mostSpecificFirst(a.hostname, b.hostname),
  (a, b) => byText(a.route.createdAt, b.route.createdAt),
  (a, b) => byText(a.route.key, b.route.key),
  (a, b) => byText(a.route.kind, b.route.kind),
);

function winner(read: Read, entries: readonly HostEntry[], routes: Collection<L4Route>): L4Route | undefined {
  const candidates = entries.flatMap(({ route: entry }): Candidate[] => {
    const route = entry && read.get(routes, entry.key);
    return entry === undefined || route === undefined ? [] : [{ hostname: entry.hostname, route }];
  });
  return candidates.sort(byPrecedence)[0]?.route;
}
