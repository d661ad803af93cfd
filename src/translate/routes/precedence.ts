import type { RouteMatch } from '../../ir/route.ts';
import { byText, chain, descending } from '../../util/compare.ts';

/** What orders a match against those of other rules and routes on the same host. */
export interface Ranked {
  readonly match: RouteMatch;
  /** RFC 3339 of the route object, '' when unknown: counts as oldest. */
  readonly createdAt: string;
  /** `namespace/name` of the route object. */
  readonly routeKey: string;
  /** Position of the rule in its route, and of the match in its rule. */
  readonly ruleIndex: number;
  readonly matchIndex: number;
}

const pathTypes = ['Exact', 'RegularExpression', 'PathPrefix'] as const;

/**
 * Gateway API, HTTPRouteRule `matches`: exact path, longest prefix, method, most headers, most query parameters; then
 * the oldest route, the first by name; within a route, the first rule. Regular expressions stand where Envoy Gateway has
 * them ("implementation-specific"): after exact paths, before prefixes, the longest first.
 */
export const byPrecedence: (a: Ranked, b: Ranked) => number = chain<Ranked>(
  (a, b) => pathTypes.indexOf(a.match.path.type) - pathTypes.indexOf(b.match.path.type),
  descending(({ match }) => match.path.value.length),
  descending(({ match }) => (match.method === undefined ? 0 : 1)),
  descending(({ match }) => match.headers.length),
  descending(({ match }) => match.queryParams.length),
  (a, b) => byPosition(a, b),
);

/** The order in which the rules were written, whatever they match: the oldest route first, the first by name, then from top to bottom. */
export const byPosition: (a: Ranked, b: Ranked) => number = chain(
  (a, b) => byText(a.createdAt, b.createdAt),
  (a, b) => byText(a.routeKey, b.routeKey),
  (a, b) => a.ruleIndex - b.ruleIndex,
  (a, b) => a.matchIndex - b.matchIndex,
);
