import type { TableState } from './gateways/ports.ts';
import { hostKey, ownerOf, type HostEntry } from './host-entries.ts';
import { mostSpecificFirst, wider } from './hostname.ts';
import { byPosition, byPrecedence, type Ranked } from './routes/precedence.ts';
import type { L7Route } from './routes/translated-route.ts';
import type { Route, VirtualHost } from '../ir/route.ts';
import type { Collection, Read } from '../reactive/collection.ts';
import type { Graph } from '../reactive/graph.ts';
import { chain } from '../util/compare.ts';

/**
 * Virtual hosts from who wants which host.
 *
 *     entries of "*.example.com" ─┐ fall through, same listener only
 *     entries of "a.example.com" ─┴─► routes in order of precedence ─► virtual host "a.example.com"
 *
 * A host belongs to one listener of its port, the most specific ("listener isolation"): entries of others are dropped.
 */
export function virtualHosts(
  graph: Graph,
  from: {
    /** Entries by host. */
    readonly hosts: Collection<readonly HostEntry[]>;
    readonly tables: Collection<TableState>;
    readonly routes: Collection<L7Route>;
  },
): Collection<VirtualHost> {
  const { hosts } = from;
  return graph.derive('virtual-hosts', hosts, (entries, read): VirtualHost | undefined => {
    const [first] = entries;
    const state = first && read.get(from.tables, first.table);
    if (first === undefined || state?.http === undefined) return undefined;
    const { domain, table } = first;
    const owner = ownerOf(state, domain);
    if (owner === undefined || !state.listeners.has(owner)) return undefined;
    const own = entries.filter((entry) => entry.listener === owner);
    if (own.length === 0) return undefined;
    const fallbacks = wider(domain).flatMap((name) => read.get(hosts, hostKey(table, name)) ?? []);
    const compare = state.preserveRouteOrder ? byHostnameThenPosition : byHostnameThenMatch;
    const seen = new Set<string>();
    const routes: Route[] = [];
    for (const entries of [own, ...byDomain(fallbacks.filter((entry) => entry.listener === owner))]) {
      routes.push(...routesOf(read, entries.filter((entry) => !isIn(seen, entry)), { routes: from.routes, compare }));
    }
    return { key: hostKey(table, domain), table, domain, routes };
  });
}

/** A route that already answered under a more specific host has nothing to add under a wider one. */
function isIn(seen: Set<string>, { route }: HostEntry): boolean {
  if (route === undefined || seen.has(route.key)) return true;
  seen.add(route.key);
  return false;
}

function byDomain(entries: readonly HostEntry[]): HostEntry[][] {
  return [...Map.groupBy(entries, (entry) => entry.domain).values()];
}

interface RankedRoute extends Ranked {
  readonly hostname: string;
  readonly route: Route;
}

/** Routes that meet on one host go by the hostname they themselves gave (GatewayRouteHostnameIntersectionPrecedence), then by match. */
const byHostnameThenMatch: (a: RankedRoute, b: RankedRoute) => number = chain<RankedRoute>(
  (a, b) => mostSpecificFirst(a.hostname, b.hostname),
  byPrecedence,
);

/** The same where the user wants the order of the rules to count (`preserveRouteOrder` of an EnvoyProxy). */
const byHostnameThenPosition: (a: RankedRoute, b: RankedRoute) => number = chain<RankedRoute>(
  (a, b) => mostSpecificFirst(a.hostname, b.hostname),
  byPosition,
);

function routesOf(
  read: Read,
  entries: readonly HostEntry[],
  { routes, compare }: { readonly routes: Collection<L7Route>; readonly compare: (a: RankedRoute, b: RankedRoute) => number },
): Route[] {
  const ranked: RankedRoute[] = [];
  for (const entry of entries) {
    const route = entry.route && read.get(routes, entry.route.key);
    if (entry.route === undefined || route === undefined) continue;
    for (const { index: ruleIndex, translated } of route.rules) {
      for (const { index: matchIndex, match, grpc } of translated.matches) {
        ranked.push({
          hostname: entry.route.hostname,
          match,
          grpc,
          createdAt: route.createdAt,
          routeKey: route.key,
          ruleIndex,
          matchIndex,
          route: { name: `${route.kind.toLowerCase()}/${route.key}/rule/${ruleIndex}/match/${matchIndex}`, match, rule: translated.rule },
        });
      }
    }
  }
  return ranked.sort(compare).map(({ route }) => route);
}
