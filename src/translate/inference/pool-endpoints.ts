import { sliceEndpoints } from '../backends/slice-endpoints.ts';
import type { Inputs, Settings } from '../inputs.ts';
import { selects } from '../label-selector.ts';
import { poolLabel, type AnyInferencePool } from '../../api/inference-pool.ts';
import type { Endpoint } from '../../ir/backend.ts';
import type { Read } from '../../reactive/collection.ts';

/** Finds the servers of a pool: each of its ports at each address. */
export type PoolEndpoints = (read: Read, pool: AnyInferencePool) => readonly Endpoint[];

/**
 * "Each port of each pod is a distinct endpoint." What ports a slice has does not matter. Among files nobody lists Pods: a slice whose labels
 * fit the selector is one of Pods that do.
 */
export function poolEndpoints({ resources }: Pick<Inputs, 'resources'>, { ownsEverything }: Pick<Settings, 'ownsEverything'>): PoolEndpoints {
  const { EndpointSlice } = resources;
  const byPool = EndpointSlice.index('inference-pool', ({ metadata: { labels, namespace } }) => (labels[poolLabel] === undefined ? [] : [`${namespace}/${labels[poolLabel]}`]));
  const byLabel = EndpointSlice.index('label', ({ metadata: { labels, namespace } }) => (ownsEverything ? Object.entries(labels).map(([name, value]) => `${namespace}/${name}=${value}`) : []));
  return (read, { key, metadata: { namespace }, object: { spec: { selector, targetPorts } } }) => {
    const [first] = Object.entries(selector.matchLabels);
    const fitting = first === undefined ? [] : read.where(byLabel, `${namespace}/${first[0]}=${first[1]}`).filter(({ metadata: { labels } }) => selects(selector, labels));
    const slices = [...new Map([...read.where(byPool, key), ...fitting].map((slice) => [slice.key, slice])).values()];
    const ports = targetPorts.map(({ number }) => number);
    return sliceEndpoints(slices, () => ports, 'IPv4').map(({ endpoint }) => endpoint);
  };
}
