import type { Resource } from '../../api/resource.ts';

/** Asks for an InferencePool to be there in other clusters too. */
export const exportAnnotation = 'inference.networking.x-k8s.io/export';

/** Whether a pool is one of those that an InferencePoolImport of its name stands for. */
export function isExported({ metadata: { annotations } }: Pick<Resource, 'metadata'>): boolean {
  return annotations[exportAnnotation] === 'ClusterSet';
}
