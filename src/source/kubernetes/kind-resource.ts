import type { Kind } from '../../api/kinds.ts';
import type { Discovery } from '../../kube/discovery.ts';
import { isForbidden } from '../../kube/kube-error.ts';
import type { KubeResource } from '../../kube/resource.ts';
import type { Located } from '../../kube/scope-reflector.ts';
import { byNewestVersion } from '../../kube/version-order.ts';

/** A kind in one of its versions. */
export function resourceOfKind(kind: Kind, version: string): KubeResource {
  return { group: kind.group, version, plural: kind.plural, kind: kind.objectKind, namespaced: kind.namespaced };
}

/**
 * The newest version of a kind that both we and the API server know. The storage version when discovery knows of none, or may not be
 * asked: the answer to a list is then the last word.
 */
export async function locateKind(kind: Kind, discovery: Discovery): Promise<Located> {
  const fallback = resourceOfKind(kind, kind.storageVersion);
  // Kinds of Kubernetes itself are always there, but for those in beta, which somebody has to switch on.
  if (!kind.custom && kind.storageVersion === 'v1') return { resource: fallback, served: true };
  try {
    const served = (await discovery.served()).get(`${kind.group}/${kind.plural}`) ?? [];
    const ours = kind.versions.filter((version) => version.served && served.includes(version.name)).map(({ name }) => name);
    const [newest] = ours.toSorted(byNewestVersion);
    return newest === undefined ? { resource: fallback, served: false } : { resource: resourceOfKind(kind, newest), served: true };
  } catch (error) {
    if (isForbidden(error)) return { resource: fallback, served: true };
    throw error;
  }
}
