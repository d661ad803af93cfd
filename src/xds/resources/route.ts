import { RouteSchema } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import type { Route } from '../../ir/route.ts';
import { concat, encode } from './bytes.ts';
import type { RedirectContext } from './redirect.ts';
import { matchedPrefix, routeMatch } from './route-match.ts';
import { encodeRule } from './rule.ts';

/** Where a route stands: port and scheme of its table, domain of its virtual host. */
export type RouteContext = RedirectContext;

/**
 * Encodes a route as Envoy `Route` messages: one, or several to be tried in order where Envoy's vocabulary needs it.
 *
 *     name, match (this route's) │ action, headers, filters (the rule's, encoded once)
 */
export function encodeRoute(route: Route, context: RouteContext): Uint8Array[] {
  const head = encode(RouteSchema, { name: route.name, match: routeMatch(route.match, route.rule.protocol) });
  return encodeRule(route.rule, context, matchedPrefix(route.match.path)).map((rest) => concat(head, rest));
}
