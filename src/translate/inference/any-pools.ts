import type { Resources } from '../inputs.ts';
import { asInferencePool, type AnyInferencePool } from '../../api/inference-pool.ts';
import type { Collection } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';
import { preferred } from '../../reactive/preferred.ts';

/**
 * InferencePools of all kinds, each read as one of v1. They share their names, so that a pool can be moved from one kind to another while its routes stay where they
 * are: of two with one name that of the present kind counts, whichever a route names.
 */
export function anyPools(graph: Graph, { InferencePool, XInferencePool, DeployedInferencePool }: Pick<Resources, 'InferencePool' | 'XInferencePool' | 'DeployedInferencePool'>): Collection<AnyInferencePool> {
  return preferred<AnyInferencePool>(graph, 'any-inference-pools', [
    InferencePool,
    graph.derive('former-inference-pools', XInferencePool, (pool) => asInferencePool(pool)),
    graph.derive('deployed-inference-pools', DeployedInferencePool, (pool) => asInferencePool(pool)),
  ]);
}
