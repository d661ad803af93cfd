/** How near two servers are to each other, by labels of their Pods. */
import type { Endpoint } from '../../endpoints/endpoint.ts';

/** From near to far. */
export const levels = ['host', 'rack', 'zone', 'region'] as const;

const labelOf = ['kubernetes.io/hostname', 'topology.kubernetes.io/rack', 'topology.kubernetes.io/zone', 'topology.kubernetes.io/region'] as const;

/** Index of the nearest level that both are in; the number of levels when there is none. */
export function commonLevel(a: Endpoint, b: Endpoint): number {
  const level = labelOf.findIndex((label) => (a.labels[label] ?? '') !== '' && a.labels[label] === b.labels[label]);
  return level < 0 ? levels.length : level;
}

/** Whether anything is known of where a server is. */
export function hasTopology({ labels }: Endpoint): boolean {
  return labelOf.some((label) => (labels[label] ?? '') !== '');
}
