import type { KubeObject } from '../../kube/object.ts';
import { isObject } from '../../util/json-merge.ts';

/**
 * What can be had of a wanted Service where there is one already: it has its cluster IP for life. Made anew it would lose the address of its load
 * balancer, and whether the cluster IP that is wanted is free nobody can tell before: a dry run does not look.
 */
export function keepingClusterIp(wanted: KubeObject, stored: KubeObject): KubeObject {
  const { spec } = wanted;
  if (wanted.kind !== 'Service' || !isObject(spec) || !isAddress(spec['clusterIP'])) return wanted;
  const has = isObject(stored.spec) ? (stored.spec['clusterIP'] ?? '') : '';
  if (has === '' || has === spec['clusterIP']) return wanted;
  const { clusterIP: _, clusterIPs: __, ...kept } = spec;
  return { ...wanted, spec: kept };
}

function isAddress(clusterIp: unknown): boolean {
  return typeof clusterIp === 'string' && clusterIp !== '' && clusterIp !== 'None';
}
