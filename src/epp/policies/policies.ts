import { policyTables } from './policy-tables.ts';
import { PoolPolicies, samePolicies } from './pool-policies.ts';
import { claimOf, type AnyInferenceModel } from '../../api/inference-model.ts';
import { referredPool, type PoolReference } from '../../api/inference-pool.ts';
import type { KindName, ResourceOf } from '../../api/kinds.ts';
import type { Resource } from '../../api/resource.ts';
import type { Collection, Index } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';
import { preferred } from '../../reactive/preferred.ts';

/** Kinds whose objects say something about the requests to pools. */
export const POLICY_KINDS = ['InferenceObjective', 'XInferenceObjective', 'InferenceModelRewrite', 'XInferenceModelRewrite', 'InferenceModel', 'RoutedInferenceModel'] as const satisfies readonly KindName[];

/** Objects of these kinds. */
export type PolicySources = { readonly [Kind in (typeof POLICY_KINDS)[number]]: Collection<ResourceOf<Kind>> };

/**
 * What the objects that refer to a pool come to, under the key of each pool, with or without any. An object of a former group is none where there
 * is one of that name in the present group.
 */
export function poolPolicies(graph: Graph, pools: Collection<{ readonly key: string }>, from: PolicySources): Collection<PoolPolicies> {
  const objectives = byPool(preferred<Resource<string, ResourceOf<'InferenceObjective'>['object']>>(graph, 'inference-objectives', [from.InferenceObjective, from.XInferenceObjective]));
  const rewrites = byPool(preferred<Resource<string, ResourceOf<'InferenceModelRewrite'>['object']>>(graph, 'inference-model-rewrites', [from.InferenceModelRewrite, from.XInferenceModelRewrite]));
  const models = [byModelPool(from.InferenceModel), byModelPool(from.RoutedInferenceModel)];
  return graph.derive('pool-policies', pools, ({ key }, read) => new PoolPolicies(policyTables({
    objectives: read.where(objectives, key),
    rewrites: read.where(rewrites, key),
    models: models.flatMap((index) => read.where(index, key)),
  })), { equal: samePolicies });
}

type Referring = Resource<string, { readonly spec?: { readonly poolRef: PoolReference } }>;

function byPool<Object extends Referring>(collection: Collection<Object>): Index<Object> {
  return collection.index('pool', ({ metadata: { namespace }, object: { spec } }) => [referredPool(namespace, spec?.poolRef) ?? []].flat());
}

function byModelPool(collection: Collection<AnyInferenceModel>): Index<AnyInferenceModel> {
  return collection.index('pool', (resource) => [claimOf(resource)?.pool ?? []].flat());
}
