import type { MessageInitShape } from '@bufbuild/protobuf';
import { RouteAction_ClusterNotFoundResponseCode } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import type { RouteActionSchema, WeightedCluster_ClusterWeightSchema } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import type { Forward, PathChange, Rule, WeightedBackend } from '../../ir/route.ts';
import { assertNever } from '../../util/assert.ts';
import { clusterName } from './cluster.ts';
import { changesNothing, escapeFormat, headerChanges, hostOf } from './header-changes.ts';
import { mirrorPolicies } from './mirror.ts';
import { pathEdit } from './path-edit.ts';
import { retryPolicy } from './retry.ts';
import { timeoutFields } from './timeouts.ts';

type RouteAction = MessageInitShape<typeof RouteActionSchema>;

/** A cluster that never exists: Envoy answers for it with the route's cluster_not_found_response_code. */
export const invalidCluster = 'invalid-backend';

/** Passes requests on to `backends`, which share the rule's requests by weight and agree about the path. */
export function forwardAction(rule: Rule, forward: Forward, backends: readonly WeightedBackend[], matched: string | undefined): RouteAction {
  const ruleHost = forward.rewrite?.hostname ?? hostOf(rule.requestHeaders);
  const hosts = backends.map((backend) => backend.rewrite?.hostname ?? hostOf(backend.requestHeaders));
  // Envoy lets a host of the route and one of the cluster get into each other's way, so only one level has any.
  const perBackend = hosts.some((host) => host !== undefined);
  const [first] = backends;
  const plain = backends.length === 1 && first !== undefined && !perBackend && changesNothing(first.requestHeaders) && changesNothing(first.responseHeaders);
  const path = first?.rewrite?.path ?? forward.rewrite?.path;
  const retry = retryPolicy(forward.retry, forward.timeouts);
  return {
    clusterSpecifier: plain
      ? { case: 'cluster', value: clusterOf(first) }
      : { case: 'weightedClusters', value: { clusters: backends.map((backend, i) => clusterWeight(backend, perBackend ? (hosts[i] ?? ruleHost) : undefined)) } },
    clusterNotFoundResponseCode: RouteAction_ClusterNotFoundResponseCode.INTERNAL_SERVER_ERROR,
    ...(path !== undefined && pathFields(path, matched)),
    ...(ruleHost !== undefined && !perBackend && { hostRewriteSpecifier: { case: 'hostRewriteLiteral', value: ruleHost } }),
    ...timeoutFields(forward.timeouts, forward.retry),
    ...(retry !== undefined && { retryPolicy: retry }),
    requestMirrorPolicies: mirrorPolicies(rule.mirrors),
  };
}

function clusterWeight(backend: WeightedBackend, host: string | undefined): MessageInitShape<typeof WeightedCluster_ClusterWeightSchema> {
  const request = headerChanges(backend.requestHeaders);
  const response = headerChanges(backend.responseHeaders);
  return {
    name: clusterOf(backend),
    weight: backend.weight,
    requestHeadersToAdd: request.toAdd,
    requestHeadersToRemove: request.toRemove,
    responseHeadersToAdd: response.toAdd,
    responseHeadersToRemove: response.toRemove,
    ...(host !== undefined && { hostRewriteSpecifier: { case: 'hostRewriteLiteral', value: host } }),
  };
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
