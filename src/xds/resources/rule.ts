import type { MessageInitShape } from '@bufbuild/protobuf';
import { RouteSchema } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import type { Action, Forward, Rule, WeightedBackend } from '../../ir/route.ts';
import { assertNever } from '../../util/assert.ts';
import { bodyBufferFields } from './body-buffer.ts';
import { concat, encode } from './bytes.ts';
import { clusterName } from './cluster.ts';
import { corsFilter, corsPolicy } from './cors.ts';
import { externalAuthFilter, externalAuthPolicy } from './external-auth.ts';
import { forwardFields, headerFields } from './forward.ts';
import { grpcWebFilter, grpcWebPolicy } from './grpc-web.ts';
import { millionths } from './mirror.ts';
import { redirectActions } from './redirect.ts';
import type { RedirectContext } from './redirect.ts';
import { hostWithPort } from './route-match.ts';

type RouteFields = MessageInitShape<typeof RouteSchema>;

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
  const filters = encode(RouteSchema, { typedPerFilterConfig: filterConfigs(rule), ...bodyBufferFields(rule) });
  const encoded = variants(rule, context, matched).map((fields) => concat(encode(RouteSchema, fields), filters));
  cached.set(key, encoded);
  return encoded;
}

/** What HTTP filters do for a rule. */
function filterConfigs({ cors, externalAuth, protocol }: Rule): NonNullable<RouteFields['typedPerFilterConfig']> {
  return {
    ...(cors !== undefined && { [corsFilter]: corsPolicy(cors) }),
    ...(protocol === 'grpc' && { [grpcWebFilter]: grpcWebPolicy() }),
    ...(externalAuth !== undefined && { [externalAuthFilter]: externalAuthPolicy(externalAuth) }),
  };
}

/** Names of the clusters that a rule sends requests to, mirrors and authorization included. */
export function clustersOf(rule: Rule): string[] {
  return [...(rule.externalAuth === undefined ? [] : [clusterName(rule.externalAuth.backend)]), ...forwardedTo(rule)];
}

function forwardedTo(rule: Rule): string[] {
  if (rule.action.type !== 'forward') return [];
  const backends = usedBackends(rule.action).flatMap(({ backend, picker }) => (backend === undefined ? [] : [backend, ...(picker?.service === undefined ? [] : [picker.service.backend])]));
  const mirrors = rule.mirrors.filter((mirror) => mirror.numerator > 0).map((mirror) => mirror.backend);
  return backends.length === 0 ? [] : [...backends, ...mirrors].map(clusterName);
}

/** Only what the bytes depend on: a forward without a prefix replacement and cookies is the same everywhere. */
function cacheKey(action: Action, context: RedirectContext, matched: string | undefined): string {
  switch (action.type) {
    case 'forward':
      return [
        ...([action, ...action.backends].some(({ rewrite }) => rewrite?.path?.type === 'ReplacePrefixMatch') ? [`${matched}`] : []),
        ...(action.backends.some(({ session }) => session?.type === 'cookie') ? [context.scheme] : []),
      ].join(' ');
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
      return forwardVariants(rule, action, { matched, scheme: context.scheme });
    case 'redirect': {
      const { action: value, portInHost } = redirectActions(action, context, matched);
      const always: RouteFields = { action: { case: 'redirect', value }, ...headerFields(rule) };
      if (portInHost === undefined) return [always];
      return [{ ...always, match: { headers: [hostWithPort()] }, action: { case: 'redirect', value: portInHost } }, always];
    }
    case 'direct':
      return [{ action: directResponse(action.statusCode, action.body), ...headerFields(rule) }];
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
function forwardVariants(rule: Rule, forward: Forward, at: Parameters<typeof forwardFields>[3]): RouteFields[] {
  const backends = usedBackends(forward);
  if (backends.every((backend) => backend.backend === undefined)) return [{ action: directResponse(rule.protocol === 'grpc' ? 503 : 500, ''), ...headerFields(rule) }];
  const sharePath = backends.every((backend) => backend.rewrite?.path === undefined);
  if (backends.length === 1 || sharePath) return [forwardFields(rule, forward, backends, at)];
  const total = backends.reduce((sum, backend) => sum + backend.weight, 0);
  let below = 0;
  return backends.map((backend, i) => {
    below += backend.weight;
    return {
      // Envoy draws one random number for a request and compares it in every route.
      ...(i < backends.length - 1 && { match: { runtimeFraction: { defaultValue: millionths(below, total) } } }),
      ...forwardFields(rule, forward, [backend], at),
    };
  });
}

function usedBackends(forward: Forward): WeightedBackend[] {
  return forward.backends.filter((backend) => backend.weight > 0);
}

function directResponse(status: number, body: string): NonNullable<RouteFields['action']> {
  return { case: 'directResponse', value: { status, ...(body !== '' && { body: { specifier: { case: 'inlineString', value: body } } }) } };
}
