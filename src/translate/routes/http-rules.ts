import { httpFilters, type Filters } from './http-filters.ts';
import { httpMatch } from './http-matches.ts';
import { sessionFault, withSessions } from './sessions.ts';
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

/** A rule, ready to be placed on hosts. */
export interface TranslatedRule {
  /** In the order of the spec; a match that cannot work is left out. */
  readonly matches: readonly { readonly index: number; readonly match: RouteMatch }[];
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
}

/** Translates one rule of an HTTPRoute. */
export function httpRule(spec: HTTPRouteRule, context: RuleContext): TranslatedRule {
  const { field, rejected } = context;
  const matching = httpMatches(spec, context);
  const filters = httpFilters(spec.filters ?? [], context.resolve, `${field}.filters`);
  const shares = (spec.backendRefs ?? []).map((ref, index) =>
    weightedBackend(ref, { ...context, field: `${field}.backendRefs[${index}]` }),
  );
  const unfit = unsupportedFields(spec, field);
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
      ...(broken ? refusal : effects(filters)),
      action: broken ? internalError : action(spec, filters, shares.map(({ share }) => share), context.owner),
    },
  };
}

type Effects = Pick<Rule, 'requestHeaders' | 'responseHeaders' | 'cors' | 'externalAuth' | 'mirrors'>;

function effects({ requestHeaders, responseHeaders, cors, externalAuth, mirrors }: Filters): Effects {
  return { requestHeaders, responseHeaders, cors, externalAuth, mirrors };
}

const refusal: Effects = { requestHeaders: noHeaderChanges, responseHeaders: noHeaderChanges, cors: undefined, externalAuth: undefined, mirrors: [] };

const internalError: DirectResponse = { type: 'direct', statusCode: 500, body: '' };

function httpMatches(spec: HTTPRouteRule, context: RuleContext): { matches: TranslatedRule['matches']; faults: Fault[] } {
  const faults: Fault[] = [];
  const matches: { index: number; match: RouteMatch }[] = [];
  for (const [index, one] of spec.matches.entries()) {
    const match = httpMatch(one);
    if ('fault' in match) faults.push(at(`${context.field}.matches[${index}]`, match.fault));
    else if (!context.rejected || !usesRegex(match)) matches.push({ index, match });
  }
  return { matches, faults };
}

function usesRegex({ path, headers, queryParams }: RouteMatch): boolean {
  return [path, ...headers, ...queryParams].some((part) => part.type === 'RegularExpression');
}

/** What a rule asks for beside its filters and cannot have: said, never skipped silently. */
function unsupportedFields({ sessionPersistence }: HTTPRouteRule, field: string): Fault[] {
  const fault = sessionPersistence && sessionFault(sessionPersistence);
  return fault === undefined ? [] : [at(`${field}.sessionPersistence`, fault)];
}

/** A backend's share of a rule, and what is wrong with it. */
interface Share {
  readonly share: WeightedBackend;
  readonly faults: readonly Fault[];
  readonly refFaults: readonly Fault[];
}

function weightedBackend(ref: HTTPBackendRef, context: RuleContext): Share {
  const { field } = context;
  const resolved = context.resolve(ref);
  const filters = httpFilters(ref.filters ?? [], context.resolve, `${field}.filters`);
  const unfit = unsupportedOnBackend(filters).map((fault) => at(field, fault));
  const usable = 'backend' in resolved && !filters.broken && unfit.length === 0;
  return {
    share: {
      backend: usable ? resolved.backend : undefined,
      weight: ref.weight,
      requestHeaders: usable ? filters.requestHeaders : noHeaderChanges,
      responseHeaders: usable ? filters.responseHeaders : noHeaderChanges,
      rewrite: usable ? filters.rewrite : undefined,
      session: undefined,
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

function action(spec: HTTPRouteRule, filters: Filters, shares: readonly WeightedBackend[], owner: string): Action {
  if (filters.redirect !== undefined) return filters.redirect;
  const inUse = shares.filter((share) => share.weight > 0);
  if (!inUse.some((share) => share.backend !== undefined)) return internalError;
  const backends = withSessions(inUse, spec.sessionPersistence, owner);
  return { type: 'forward', backends, rewrite: filters.rewrite, timeouts: timeouts(spec), retry: retry(spec) };
}

/** "0s" disables a timeout, which is also what none at all means here. */
function timeouts({ timeouts: spec }: HTTPRouteRule): Timeouts {
  const limit = (duration: string | undefined) => (duration === undefined ? undefined : durationMs(duration) || undefined);
  return { request: limit(spec?.request), backendRequest: limit(spec?.backendRequest) };
}

function retry({ retry: spec }: HTTPRouteRule): Retry | undefined {
  if (spec === undefined) return undefined;
  return {
    attempts: spec.attempts,
    codes: [...new Set(spec.codes)].sort((a, b) => a - b),
    backoff: spec.backoff === undefined ? undefined : durationMs(spec.backoff),
  };
}
