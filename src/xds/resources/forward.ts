import type { MessageInitShape } from '@bufbuild/protobuf';
import { RouteAction_ClusterNotFoundResponseCode } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import type { RouteActionSchema, RouteSchema } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import type { RouteTable } from '../../ir/listener.ts';
import type { Forward, PathChange, Rule, WeightedBackend } from '../../ir/route.ts';
import { assertNever } from '../../util/assert.ts';
import { clusterName } from './cluster.ts';
import { endpointPickerFilter, endpointPickerPolicy } from './endpoint-picker.ts';
import { changesNothing, escapeFormat, headerChanges, hostOf } from './header-changes.ts';
import { mirrorPolicies } from './mirror.ts';
import { pathEdit } from './path-edit.ts';
import { retryFields } from './retry.ts';
import { sessionFilter, sessionPolicy } from './session.ts';
import { timeoutFields } from './timeouts.ts';
import { wholeBodyFilter, wholeBodyPolicy } from './whole-body.ts';

type RouteAction = MessageInitShape<typeof RouteActionSchema>;

/** The fields of an Envoy route, or of a weighted cluster, that change headers. */
type HeaderFields = Pick<
  MessageInitShape<typeof RouteSchema>,
  'requestHeadersToAdd' | 'requestHeadersToRemove' | 'responseHeadersToAdd' | 'responseHeadersToRemove'
>;

/** The share of an invalid backend is answered with 500; gRPC clients get UNAVAILABLE, which is what Envoy makes of 503 for them. */
const invalidBackendCode = {
  http: RouteAction_ClusterNotFoundResponseCode.INTERNAL_SERVER_ERROR,
  grpc: RouteAction_ClusterNotFoundResponseCode.SERVICE_UNAVAILABLE,
} as const;

/** A cluster that never exists: Envoy answers for it with the route's cluster_not_found_response_code. */
export const invalidCluster = 'invalid-backend';

/**
 * Passes requests on to `backends`, which share the rule's requests by weight and agree about the path.
 *
 * The specification has a rule's filters work before those of its backends, and Envoy works the other way round. So
 * both are put together on one level: on the clusters if one of several backends has any of its own, else on the route.
 */
export function forwardFields(
  rule: Rule,
  forward: Forward,
  backends: readonly WeightedBackend[],
  { matched, scheme }: { readonly matched: string | undefined; readonly scheme: RouteTable['scheme'] },
): Pick<MessageInitShape<typeof RouteSchema>, 'action' | 'typedPerFilterConfig'> & HeaderFields {
  const [first] = backends;
  const path = first?.rewrite?.path ?? forward.rewrite?.path;
  const common: RouteAction = {
    clusterNotFoundResponseCode: invalidBackendCode[rule.protocol],
    ...(path !== undefined && pathFields(path, matched)),
    ...timeoutFields(forward.timeouts, forward.retry),
    ...retryFields(forward),
    requestMirrorPolicies: mirrorPolicies(rule.mirrors),
  };
  if (first !== undefined && backends.length === 1) {
    const value: RouteAction = { ...common, clusterSpecifier: { case: 'cluster', value: clusterOf(first) }, ...hostFields(rule, forward, first) };
    return { action: { case: 'route', value }, ...headerFields(rule, first), ...filterFields(first, scheme) };
  }
  const differ = backends.some(changesRequests);
  const clusters = backends.map((backend) => ({
    name: clusterOf(backend),
    weight: backend.weight,
    ...(differ && { ...headerFields(rule, backend), ...hostFields(rule, forward, backend) }),
    ...filterFields(backend, scheme),
  }));
  const value: RouteAction = {
    ...common,
    clusterSpecifier: { case: 'weightedClusters', value: { clusters } },
    ...(!differ && hostFields(rule, forward)),
  };
  return { action: { case: 'route', value }, ...(!differ && headerFields(rule)) };
}

/** Header changes of a rule, and of a backend after them. */
export function headerFields(rule: Rule, backend?: WeightedBackend): HeaderFields {
  const request = headerChanges(rule.requestHeaders, ...(backend === undefined ? [] : [backend.requestHeaders]));
  const response = headerChanges(rule.responseHeaders, ...(backend === undefined ? [] : [backend.responseHeaders]));
  return {
    requestHeadersToAdd: request.toAdd,
    requestHeadersToRemove: request.toRemove,
    responseHeadersToAdd: response.toAdd,
    responseHeadersToRemove: response.toRemove,
  };
}

function hostFields(
  rule: Rule,
  forward: Forward,
  backend?: WeightedBackend,
): { hostRewriteSpecifier?: { case: 'hostRewriteLiteral'; value: string } } {
  const own = backend === undefined ? undefined : (backend.rewrite?.hostname ?? hostOf(backend.requestHeaders));
  const value = own ?? forward.rewrite?.hostname ?? hostOf(rule.requestHeaders);
  return value === undefined ? {} : { hostRewriteSpecifier: { case: 'hostRewriteLiteral', value } };
}

/** Filters that are a backend's own. */
function filterFields({ picker, session }: WeightedBackend, scheme: RouteTable['scheme']): Pick<MessageInitShape<typeof RouteSchema>, 'typedPerFilterConfig'> {
  return {
    typedPerFilterConfig: {
      ...(picker?.service?.dialect === 'own' && { [wholeBodyFilter]: wholeBodyPolicy() }),
      ...(picker?.service !== undefined && { [endpointPickerFilter]: endpointPickerPolicy(picker, picker.service) }),
      ...(session !== undefined && { [sessionFilter]: sessionPolicy(session, scheme) }),
    },
  };
}

function changesRequests(backend: WeightedBackend): boolean {
  return backend.rewrite?.hostname !== undefined || !changesNothing(backend.requestHeaders) || !changesNothing(backend.responseHeaders);
}

function clusterOf(backend: WeightedBackend): string {
  return backend.backend === undefined ? invalidCluster : clusterName(backend.backend);
}

function pathFields(change: PathChange, matched: string | undefined): Pick<RouteAction, 'pathRewrite' | 'prefixRewrite' | 'regexRewrite'> {
  const edit = pathEdit(change, matched);
  if (edit === undefined) return {};
  switch (edit.type) {
    case 'full':
      return { pathRewrite: escapeFormat(edit.path) };
    case 'prefix':
      return { prefixRewrite: edit.prefix };
    case 'regex':
      return { regexRewrite: { pattern: { regex: edit.pattern }, substitution: edit.substitution } };
    default:
      return assertNever(edit);
  }
}
