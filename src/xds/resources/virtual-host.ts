import { VirtualHostSchema } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import type { RouteTable } from '../../ir/listener.ts';
import type { Rule, VirtualHost } from '../../ir/route.ts';
import { byText, chain } from '../../util/compare.ts';
import { appendMessages, encode } from './bytes.ts';
import { noRoute } from './catch-all.ts';
import { encodeRoute } from './route.ts';
import { clustersOf } from './rule.ts';

/** A virtual host ready to be put into a route configuration, and what the server must know about it. */
export interface EncodedVirtualHost {
  /** `table|domain`. */
  readonly key: string;
  readonly table: string;
  readonly domain: string;
  /** An encoded `envoy.config.route.v3.VirtualHost`. */
  readonly bytes: Uint8Array;
  /** Names of the clusters that must be there before this is; sorted, each once. */
  readonly clusters: readonly string[];
  /** The objects whose routes are in it; sorted, each once. When Envoy refuses the bytes, one of them is to blame. */
  readonly parts: readonly Part[];
}

/** An object in one of its versions. */
export interface Part {
  readonly owner: string;
  readonly version: string;
}

/** Field `routes` of VirtualHost. */
const routesField = 3;

/** Encodes a virtual host of a route table; `table` gives what it has to know about the listener. */
export function encodeVirtualHost(virtualHost: VirtualHost, table: Pick<RouteTable, 'port' | 'scheme' | 'guarded'>): EncodedVirtualHost {
  const { key, domain } = virtualHost;
  const context = { port: table.port, scheme: table.scheme, domain };
  const routes = virtualHost.routes.flatMap((route) => encodeRoute(route, context));
  if (table.guarded === true) routes.push(noRoute());
  const rules = new Set(virtualHost.routes.map((route) => route.rule));
  return {
    key,
    table: virtualHost.table,
    domain,
    bytes: appendMessages(encode(VirtualHostSchema, { name: domain, domains: [domain] }), routesField, routes),
    clusters: [...new Set([...rules].flatMap(clustersOf))].sort(byText),
    parts: partsOf(rules),
  };
}

function partsOf(rules: Iterable<Rule>): Part[] {
  const parts = new Map<string, Part>();
  for (const rule of rules) parts.set(`${rule.owner} ${rule.ownerVersion}`, { owner: rule.owner, version: rule.ownerVersion });
  return [...parts.values()].sort(chain((a, b) => byText(a.owner, b.owner), (a, b) => byText(a.version, b.version)));
}
