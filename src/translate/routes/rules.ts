import { httpFilters, type Filters } from './http-filters.ts';
import { sessionFault, withSessions, type PolicySession } from './sessions.ts';
import type { Resolve } from '../backends/resolve.ts';
import { at, type Fault } from '../conditions.ts';
import { durationMs } from '../../api/duration.ts';
import type { HTTPBackendRef, HTTPRouteRule } from '../../api/types.ts';
import {
  noHeaderChanges,
  type Action,
  type DirectResponse,
  type Retry,
  type RouteMatch,
  type Rule,
  type Timeouts,
  type WeightedBackend,
} from '../../ir/route.ts';

/** A match that can work, and where it stands in its rule. */
export interface TranslatedMatch {
  readonly index: number;
  readonly match: RouteMatch;
  /** Of a GRPCRoute: how much it says of the method. */
  readonly grpc?: GrpcSpecificity;
}

/** Numbers of characters. */
export interface GrpcSpecificity {
  readonly service: number;
  readonly method: number;
}

/** A rule, ready to be placed on hosts. */
export interface TranslatedRule {
  /** In the order of the spec; a match that cannot work is left out. */
  readonly matches: readonly TranslatedMatch[];
  readonly rule: Rule;
  /** It does what it says, for some matches at least. Invalid backends do not count: their share is answered with 500. */
  readonly works: boolean;
  /** What keeps (part of) the rule from being accepted. */
  readonly faults: readonly Fault[];
  /** References that lead nowhere. */
  readonly refFaults: readonly Fault[];
}

/** Who asks: the route object. */
export interface RuleContext {
  readonly owner: string;
  readonly version: string;
  /** Where the rule stands: `rules[0]`. */
  readonly field: string;
  /** Envoy refused the route at this version: it is answered with 500 and matches that Envoy has to compile are left out. */
  readonly rejected: boolean;
  readonly resolve: Resolve;
  /** The session that a policy wants for a backend, or that the backend itself asks for. */
  readonly policySession: PolicySession;
}

/** What the rules of HTTPRoutes have, and those of GRPCRoutes in part. */
export type RuleSpec = Pick<HTTPRouteRule, 'name' | 'filters' | 'backendRefs' | 'timeouts' | 'retry' | 'sessionPersistence'>;

/** The matches of a rule, and what is wrong with the others. */
export interface Matching {
  readonly matches: readonly TranslatedMatch[];
  readonly faults: readonly Fault[];
}

/** Translates one rule; `matching` is what became of its matches. */
export function translateRule(spec: RuleSpec, protocol: Rule['protocol'], matching: Matching, context: RuleContext): TranslatedRule {
  const { field, rejected } = context;
  const filters = httpFilters(spec.filters ?? [], context.resolve, `${field}.filters`);
  const shares = (spec.backendRefs ?? []).map((ref, index) =>
    weightedBackend(ref, matching, { ...context, field: `${field}.backendRefs[${index}]` }),
  );
  const unfit = [...unsupportedFields(spec, field), ...pathlessFaults(filters, matching.matches).map((fault) => at(field, fault))];
  const broken = rejected || filters.broken || unfit.length > 0;
  return {
    matches: matching.matches,
    works: !broken && matching.matches.length > 0,
    faults: [...matching.faults, ...filters.faults, ...unfit, ...shares.flatMap(({ faults }) => faults)],
    refFaults: [...filters.refFaults, ...shares.flatMap(({ refFaults }) => refFaults)],
    rule: {
      owner: context.owner,
      ownerVersion: context.version,
      name: spec.name ?? '',
      protocol,
      ...(broken ? refusal : effects(filters)),
      action: broken ? answer(500) : action(spec, protocol, filters, { ...context, shares: shares.map(({ share }) => share) }),
    },
  };
}

type Effects = Pick<Rule, 'requestHeaders' | 'responseHeaders' | 'cors' | 'externalAuth' | 'mirrors'>;

function effects({ requestHeaders, responseHeaders, cors, externalAuth, mirrors }: Filters): Effects {
  return { requestHeaders, responseHeaders, cors, externalAuth, mirrors };
}

const refusal: Effects = { requestHeaders: noHeaderChanges, responseHeaders: noHeaderChanges, cors: undefined, externalAuth: undefined, mirrors: [] };

/** "If all entries in backendRefs are invalid …, all traffic which matches this rule MUST receive a 500 status code"; of gRPC, UNAVAILABLE, which is how Envoy tells a gRPC client of 503. */
const noBackend: Readonly<Record<Rule['protocol'], number>> = { http: 500, grpc: 503 };

function answer(statusCode: number): DirectResponse {
  return { type: 'direct', statusCode, body: '' };
}

/** Translates the matches of a rule one by one. */
export function matchesOf<Spec>(
  specs: readonly Spec[],
  translate: (spec: Spec) => Omit<TranslatedMatch, 'index'> | { readonly fault: Fault },
  { field, rejected }: RuleContext,
): Matching {
  const faults: Fault[] = [];
  const matches: TranslatedMatch[] = [];
  for (const [index, spec] of specs.entries()) {
    const found = translate(spec);
    if ('fault' in found) faults.push(at(`${field}.matches[${index}]`, found.fault));
    else if (!rejected || !usesRegex(found.match)) matches.push({ index, ...found });
  }
  return { matches, faults };
}

function usesRegex({ path, headers, queryParams }: RouteMatch): boolean {
  return [path, ...headers, ...queryParams].some((part) => part.type === 'RegularExpression');
}

/** What a rule asks for beside its filters and cannot have: said, never skipped silently. */
function unsupportedFields({ sessionPersistence }: RuleSpec, field: string): Fault[] {
  const fault = sessionPersistence && sessionFault(sessionPersistence);
  return fault === undefined ? [] : [at(`${field}.sessionPersistence`, fault)];
}

/** A backend's share of a rule, and what is wrong with it. */
interface Share {
  readonly share: WeightedBackend;
  readonly faults: readonly Fault[];
  readonly refFaults: readonly Fault[];
}

function weightedBackend(ref: HTTPBackendRef, { matches }: Matching, context: RuleContext): Share {
  const { field } = context;
  const resolved = context.resolve(ref);
  const filters = httpFilters(ref.filters ?? [], context.resolve, `${field}.filters`);
  const unfit = [...unsupportedOnBackend(filters), ...prefixFaults(filters, matches), ...pathlessFaults(filters, matches)].map((fault) => at(field, fault));
  const usable = 'backend' in resolved && !filters.broken && unfit.length === 0;
  return {
    share: {
      backend: usable ? resolved.backend : undefined,
      weight: ref.weight,
      requestHeaders: usable ? filters.requestHeaders : noHeaderChanges,
      responseHeaders: usable ? filters.responseHeaders : noHeaderChanges,
      rewrite: usable ? filters.rewrite : undefined,
      session: undefined,
      ...(usable && resolved.picker !== undefined && { picker: resolved.picker }),
    },
    faults: [...filters.faults, ...unfit],
    refFaults: [...('fault' in resolved ? [at(field, resolved.fault)] : []), ...filters.refFaults],
  };
}

/** Envoy decides these for a route, not for one of its backends. */
function unsupportedOnBackend({ redirect, mirrors, cors, externalAuth }: Filters): Fault[] {
  const named: [string, boolean][] = [
    ['RequestRedirect', redirect !== undefined],
    ['RequestMirror', mirrors.length > 0],
    ['CORS', cors !== undefined],
    ['ExternalAuth', externalAuth !== undefined],
  ];
  return named
    .filter(([, present]) => present)
    .map(([name]) => ({ reason: 'UnsupportedValue', message: `filter ${name} is not supported on a backendRef` }));
}

/** "ReplacePrefixMatch is only compatible with a PathPrefix HTTPRouteMatch". The API sees to it but where several backends have one. */
function prefixFaults({ rewrite }: Filters, matches: readonly TranslatedMatch[]): Fault[] {
  if (rewrite?.path?.type !== 'ReplacePrefixMatch' || matches.every(({ match }) => match.path.type === 'PathPrefix')) return [];
  return [{ reason: 'UnsupportedValue', message: 'filter URLRewrite replaces a prefix, and not all matches of the rule are of type PathPrefix' }];
}

/** A request to CONNECT has no path (RFC 9110 §9.3.6): there is nothing to replace, and no Location to send its client to. */
function pathlessFaults({ redirect, rewrite }: Filters, matches: readonly TranslatedMatch[]): Fault[] {
  const name = redirect !== undefined ? 'RequestRedirect' : rewrite?.path !== undefined ? 'URLRewrite with a path' : undefined;
  if (name === undefined || matches.every(({ match }) => match.method !== 'CONNECT')) return [];
  return [{ reason: 'UnsupportedValue', message: `filter ${name} is not supported with method CONNECT, whose requests have no path` }];
}

function action(
  spec: RuleSpec,
  protocol: Rule['protocol'],
  filters: Filters,
  { shares, owner, policySession }: Pick<RuleContext, 'owner' | 'policySession'> & { readonly shares: readonly WeightedBackend[] },
): Action {
  if (filters.redirect !== undefined) return filters.redirect;
  const inUse = shares.filter((share) => share.weight > 0);
  if (!inUse.some((share) => share.backend !== undefined)) return answer(noBackend[protocol]);
  const { sessionPersistence: own } = spec;
  const backends = withSessions(inUse, own === undefined ? policySession : () => ({ spec: own, owner }));
  return { type: 'forward', backends, rewrite: filters.rewrite, timeouts: timeouts(spec), retry: retry(spec) };
}

/** "0s" disables a timeout, which is also what none at all means here. */
function timeouts({ timeouts: spec }: RuleSpec): Timeouts {
  const limit = (duration: string | undefined) => (duration === undefined ? undefined : durationMs(duration) || undefined);
  return { request: limit(spec?.request), backendRequest: limit(spec?.backendRequest) };
}

function retry({ retry: spec }: RuleSpec): Retry | undefined {
  if (spec === undefined) return undefined;
  return {
    attempts: spec.attempts,
    codes: [...new Set(spec.codes)].sort((a, b) => a - b),
    backoff: spec.backoff === undefined ? undefined : durationMs(spec.backoff),
  };
}
