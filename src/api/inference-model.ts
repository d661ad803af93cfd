import type { ResourceOf } from './kinds.ts';
import { referredPool } from './inference-pool.ts';

/** Kinds of InferenceModels: each says what becomes of the requests to a pool for one model. */
export type AnyInferenceModel = ResourceOf<'InferenceModel'> | ResourceOf<'RoutedInferenceModel'>;

/** A model at a pool. Two InferenceModels for one claim are one too many: the oldest counts. */
export interface ModelClaim {
  /** Key of the pool. */
  readonly pool: string;
  /** As clients name it. */
  readonly model: string;
}

/** What an InferenceModel is for; undefined: nothing that there can be. One of our own kind without a `modelName` is for the model of its own name. */
export function claimOf({ kind, metadata: { name, namespace }, object: { spec } }: AnyInferenceModel): ModelClaim | undefined {
  const pool = referredPool(namespace, spec?.poolRef);
  const model = spec?.modelName ?? (kind === 'RoutedInferenceModel' ? name : '');
  return pool === undefined || model === '' ? undefined : { pool, model };
}
