import type { GrpcSpecificity } from './rules.ts';
import type { RouteMatch } from '../../ir/route.ts';
import { byText, chain, descending } from '../../util/compare.ts';

/** What orders a match against those of other rules and routes on the same host. */
export interface Ranked {
  readonly match: RouteMatch;
  /** undefined: the match of an HTTPRoute. */
  readonly grpc: GrpcSpecificity | undefined;
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
const byHttpMatch: (a: Ranked, b: Ranked) => number = chain<Ranked>(
  (a, b) => pathTypes.indexOf(a.match.path.type) - pathTypes.indexOf(b.match.path.type),
  descending(({ match }) => match.path.value.length),
  descending(({ match }) => (match.method === undefined ? 0 : 1)),
  descending(({ match }) => match.headers.length),
  descending(({ match }) => match.queryParams.length),
);

/** Gateway API, GRPCRouteRule `matches`: "characters in a matching service, … method, header matches". */
const byGrpcMatch: (a: Ranked, b: Ranked) => number = chain<Ranked>(
  descending(({ grpc }) => grpc?.service ?? 0),
  descending(({ grpc }) => grpc?.method ?? 0),
  descending(({ match }) => match.headers.length),
);

/** "Merging MUST not be done between GRPCRoutes and HTTPRoutes": gRPC requests ask all GRPCRoutes of a host first, others fit none of them. */
const grpcFirst: (a: Ranked, b: Ranked) => number = descending(({ grpc }) => (grpc === undefined ? 0 : 1));

/** The order in which the rules were written, whatever they match: the oldest route first, the first by name, then from top to bottom. */
const byAge: (a: Ranked, b: Ranked) => number = chain<Ranked>(
  (a, b) => byText(a.createdAt, b.createdAt),
  (a, b) => byText(a.routeKey, b.routeKey),
  (a, b) => a.ruleIndex - b.ruleIndex,
  (a, b) => a.matchIndex - b.matchIndex,
);

/** The order in which the specification has matches tried. */
export const byPrecedence: (a: Ranked, b: Ranked) => number = chain<Ranked>(
  grpcFirst,
  (a, b) => (a.grpc === undefined ? byHttpMatch(a, b) : byGrpcMatch(a, b)),
  byAge,
);

/** The order in which rules were written, for users who want just that. */
export const byPosition: (a: Ranked, b: Ranked) => number = chain<Ranked>(grpcFirst, byAge);
