import type { MessageInitShape } from '@bufbuild/protobuf';
import { RouteSchema } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import type { Action, Forward, Rule, WeightedBackend } from '../../ir/route.ts';
import { assertNever } from '../../util/assert.ts';
import { encode } from './bytes.ts';
import { clusterName } from './cluster.ts';
import { corsFilter, corsPolicy } from './cors.ts';
import { forwardAction } from './forward.ts';
import { headerChanges } from './header-changes.ts';
import { millionths } from './mirror.ts';
import { redirectActions } from './redirect.ts';
import type { RedirectContext } from './redirect.ts';
import { hostWithPort } from './route-match.ts';

/** The action, and in a few cases what the request must fit besides the route's own match. */
type RouteFields = Pick<MessageInitShape<typeof RouteSchema>, 'action' | 'match'>;

const encodedRules = new WeakMap<Rule, Map<string, readonly Uint8Array[]>>();

/**
 * Encodes all of an Envoy route but its name and match. Some rules take several Envoy routes, tried in order.
 *
 * All matches of a rule share the result, and so does the next version of a virtual host in which this rule did not
 * change. `matched` is the prefix that the route matches by, see `matchedPrefix`.
 */
export function encodeRule(rule: Rule, context: RedirectContext, matched: string | undefined): readonly Uint8Array[] {
  const cached = encodedRules.get(rule) ?? new Map<string, readonly Uint8Array[]>();
  if (cached.size === 0) encodedRules.set(rule, cached);
  const key = cacheKey(rule.action, context, matched);
  const known = cached.get(key);
  if (known !== undefined) return known;
  const encoded = variants(rule, context, matched).map((fields) => encodeFields(rule, fields));
  cached.set(key, encoded);
  return encoded;
}

/** Names of the clusters that a rule sends requests to, mirrors included. */
export function clustersOf(rule: Rule): string[] {
  const mirrors = rule.mirrors.filter((mirror) => mirror.numerator > 0).map((mirror) => clusterName(mirror.backend));
  if (rule.action.type !== 'forward') return [];
  return [...usedBackends(rule.action).flatMap(({ backend }) => (backend === undefined ? [] : [clusterName(backend)])), ...mirrors];
}

/** Only what the bytes depend on: a forward without a prefix replacement is the same everywhere. */
function cacheKey(action: Action, context: RedirectContext, matched: string | undefined): string {
  switch (action.type) {
    case 'forward':
      return [action.rewrite, ...action.backends.map(({ rewrite }) => rewrite)].some((rewrite) => rewrite?.path?.type === 'ReplacePrefixMatch') ? `${matched}` : '';
    case 'redirect':
      return `${context.scheme} ${context.port} ${context.domain} ${matched}`;
    case 'direct':
      return '';
    default:
      return assertNever(action);
  }
}

function variants(rule: Rule, context: RedirectContext, matched: string | undefined): RouteFields[] {
  const { action } = rule;
  switch (action.type) {
    case 'forward':
      return forwardVariants(rule, action, matched);
    case 'redirect': {
      const { action: value, portInHost } = redirectActions(action, context, matched);
      const always: RouteFields = { action: { case: 'redirect', value } };
      if (portInHost === undefined) return [always];
      return [{ match: { headers: [hostWithPort()] }, action: { case: 'redirect', value: portInHost } }, always];
    }
    case 'direct':
      return [directResponse(action.statusCode, action.body)];
    default:
      return assertNever(action);
  }
}

/**
 * Envoy rewrites the path for a route, not for one of its weighted clusters. Backends that want paths of their own
 * therefore get a route each, which takes its share of what the routes before it left:
 *
 *     weights 2, 1, 1:   random < 2/4 ─► first     random < 3/4 ─► second     else ─► third
 */
function forwardVariants(rule: Rule, forward: Forward, matched: string | undefined): RouteFields[] {
  const backends = usedBackends(forward);
  if (backends.every((backend) => backend.backend === undefined)) return [directResponse(500, '')];
  const sharePath = backends.every((backend) => backend.rewrite?.path === undefined);
  if (backends.length === 1 || sharePath) return [{ action: { case: 'route', value: forwardAction(rule, forward, backends, matched) } }];
  const total = backends.reduce((sum, backend) => sum + backend.weight, 0);
  let below = 0;
  return backends.map((backend, i) => {
    below += backend.weight;
    return {
      // Envoy draws one random number for a request and compares it in every route.
      ...(i < backends.length - 1 && { match: { runtimeFraction: { defaultValue: millionths(below, total) } } }),
      action: { case: 'route', value: forwardAction(rule, forward, [backend], matched) },
    };
  });
}

function usedBackends(forward: Forward): WeightedBackend[] {
  return forward.backends.filter((backend) => backend.weight > 0);
}

function directResponse(status: number, body: string): RouteFields {
  return {
    action: { case: 'directResponse', value: { status, ...(body !== '' && { body: { specifier: { case: 'inlineString', value: body } } }) } },
  };
}

function encodeFields(rule: Rule, fields: RouteFields): Uint8Array {
  const request = headerChanges(rule.requestHeaders);
  const response = headerChanges(rule.responseHeaders);
  return encode(RouteSchema, {
    ...fields,
    requestHeadersToAdd: request.toAdd,
    requestHeadersToRemove: request.toRemove,
    responseHeadersToAdd: response.toAdd,
    responseHeadersToRemove: response.toRemove,
    ...(rule.cors !== undefined && { typedPerFilterConfig: { [corsFilter]: corsPolicy(rule.cors) } }),
  });
}
