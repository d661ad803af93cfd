import { httpFilters, type Filters } from './http-filters.ts';
import { httpMatch } from './http-matches.ts';
import type { BackendReference, Resolved } from '../backends/resolve.ts';
import type { Fault } from '../conditions.ts';
import { durationMs } from '../../api/duration.ts';
import type { HTTPBackendRef, HTTPRouteRule } from '../../api/types.ts';
import type { Action, DirectResponse, Retry, Rewrite, RouteMatch, Rule, Timeouts, WeightedBackend } from '../../ir/route.ts';

/** A rule, ready to be placed on hosts. */
export interface TranslatedRule {
  /** In the order of the spec; a match that cannot work is left out. */
  readonly matches: readonly { readonly index: number; readonly match: RouteMatch }[];
  readonly rule: Rule;
  /** What keeps (part of) the rule from being accepted. */
  readonly faults: readonly Fault[];
  /** References that lead nowhere. */
  readonly refFaults: readonly Fault[];
}

/** Who asks: the route object. */
export interface RuleContext {
  readonly owner: string;
  readonly version: string;
  /** Envoy refused the route at this version: it is answered with 500 and matches that Envoy has to compile are left out. */
  readonly rejection: string | undefined;
  resolve(ref: BackendReference): Resolved;
}

/** Translates one rule of an HTTPRoute. */
export function httpRule(spec: HTTPRouteRule, context: RuleContext): TranslatedRule {
  const filters = httpFilters(spec.filters ?? [], context.resolve);
  const backends = (spec.backendRefs ?? []).map((ref) => weightedBackend(ref, context));
  const { matches, faults } = httpMatches(spec, context);
  const unusable = context.rejection === undefined ? (filters.unusable ?? unsupportedFields(spec)) : undefined;
  if (unusable !== undefined) faults.push(unusable);
  const incompatible = unusable === undefined && context.rejection === undefined ? incompatibleFilters(filters, matches) : undefined;
  if (incompatible !== undefined) faults.push(incompatible);
  const broken = unusable !== undefined || incompatible !== undefined || context.rejection !== undefined;
  return {
    matches,
    faults,
    refFaults: [...filters.refFaults, ...backends.flatMap((backend) => backend.faults)],
    rule: {
      owner: context.owner,
      ownerVersion: context.version,
      name: spec.name ?? '',
      requestHeaders: filters.requestHeaders,
      responseHeaders: filters.responseHeaders,
      cors: broken ? undefined : filters.cors,
      mirrors: broken ? [] : filters.mirrors,
      action: broken ? internalError : action(spec, filters, backends.map((backend) => backend.share)),
    },
  };
}

const internalError: DirectResponse = { type: 'direct', statusCode: 500, body: '' };

function httpMatches(spec: HTTPRouteRule, context: RuleContext): { matches: TranslatedRule['matches']; faults: Fault[] } {
  const faults: Fault[] = [];
  const matches: { index: number; match: RouteMatch }[] = [];
  for (const [index, one] of spec.matches.entries()) {
    const match = httpMatch(one);
    if ('fault' in match) faults.push(match.fault);
    else if (context.rejection === undefined || !usesRegex(match)) matches.push({ index, match });
  }
  return { matches, faults };
}

function usesRegex({ path, headers, queryParams }: RouteMatch): boolean {
  return [path, ...headers, ...queryParams].some((part) => part.type === 'RegularExpression');
}

/** Fields of the API that are not served yet: said, never skipped silently. */
function unsupportedFields(spec: HTTPRouteRule): Fault | undefined {
  if (spec.sessionPersistence !== undefined) return { reason: 'UnsupportedValue', message: 'sessionPersistence is not supported' };
  return undefined;
}

/** A prefix can only be replaced where one was matched. */
function incompatibleFilters(filters: Filters, matches: TranslatedRule['matches']): Fault | undefined {
  const changes = [filters.redirect?.path, filters.rewrite?.path];
  if (!changes.some((change) => change?.type === 'ReplacePrefixMatch')) return undefined;
  if (matches.every(({ match }) => match.path.type === 'PathPrefix')) return undefined;
  return { reason: 'IncompatibleFilters', message: 'ReplacePrefixMatch needs matches of type PathPrefix' };
}

function weightedBackend(ref: HTTPBackendRef, context: RuleContext): { share: WeightedBackend; faults: readonly Fault[] } {
  const resolved = context.resolve(ref);
  const filters = httpFilters(ref.filters ?? [], context.resolve);
  const unusable = filters.unusable ?? unsupportedOnBackend(filters);
  const usable = 'backend' in resolved && unusable === undefined;
  return {
    share: {
      backend: usable ? resolved.backend : undefined,
      weight: ref.weight ?? 1,
      requestHeaders: filters.requestHeaders,
      responseHeaders: filters.responseHeaders,
      rewrite: filters.rewrite,
    },
    faults: [...('fault' in resolved ? [resolved.fault] : []), ...(unusable === undefined ? [] : [unusable]), ...filters.refFaults],
  };
}

/** Envoy decides these for a route, not for one of its backends. */
function unsupportedOnBackend(filters: Filters): Fault | undefined {
  const named: [string, boolean][] = [
    ['RequestRedirect', filters.redirect !== undefined],
    ['RequestMirror', filters.mirrors.length > 0],
    ['CORS', filters.cors !== undefined],
    ['URLRewrite with path', filters.rewrite?.path !== undefined],
  ];
  const found = named.find(([, present]) => present);
  if (found === undefined) return undefined;
  return { reason: 'UnsupportedValue', message: `filter ${found[0]} is not supported on a backendRef` };
}

function action(spec: HTTPRouteRule, filters: Filters, shares: readonly WeightedBackend[]): Action {
  if (filters.redirect !== undefined) return filters.redirect;
  const inUse = shares.filter((share) => share.weight > 0);
  if (!inUse.some((share) => share.backend !== undefined)) return internalError;
  return {
    type: 'forward',
    backends: inUse,
    rewrite: rewrite(filters.rewrite),
    timeouts: timeouts(spec),
    retry: retry(spec),
  };
}

function rewrite(value: Rewrite | undefined): Rewrite | undefined {
  return value?.hostname === undefined && value?.path === undefined ? undefined : value;
}

/** "0s" disables a timeout, which is also what none at all means here. */
function timeouts({ timeouts: spec }: HTTPRouteRule): Timeouts {
  const limit = (duration: string | undefined) => (duration === undefined ? undefined : durationMs(duration) || undefined);
  return { request: limit(spec?.request), backendRequest: limit(spec?.backendRequest) };
}

function retry({ retry: spec }: HTTPRouteRule): Retry | undefined {
  if (spec === undefined) return undefined;
  return {
    attempts: spec.attempts ?? 1,
    codes: [...new Set(spec.codes ?? [])].sort((a, b) => a - b),
    backoff: spec.backoff === undefined ? undefined : durationMs(spec.backoff),
  };
}
