import type { ControlPlane } from './control-plane.ts';
import type { GatewayListener } from '../api/types.ts';
import type { ResourceOf } from '../api/kinds.ts';
import { byText } from '../util/compare.ts';
import { equal } from '../util/equal.ts';

/**
 * Has Secrets looked for only in those namespaces where a Gateway of ours names one: a gateway has no business with the rest of them.
 * `apply` is called with the namespaces, sorted, whenever they are others than before.
 */
export function followSecrets(plane: Pick<ControlPlane, 'resources' | 'outputs'>, apply: (namespaces: readonly string[]) => void): void {
  let known: readonly string[] = [];
  const look = (): void => {
    const found = secretNamespaces(plane);
    if (equal(found, known)) return;
    known = found;
    apply(found);
  };
  plane.resources.Gateway.subscribe(look);
  plane.outputs.infrastructure.subscribe(look);
}

/** The namespaces that hold Secrets which Gateways of ours name, sorted. */
export function secretNamespaces({ resources, outputs }: Pick<ControlPlane, 'resources' | 'outputs'>): string[] {
  const ours = [...outputs.infrastructure.values()].flatMap(({ gateway, gatewayClass }): ResourceOf<'Gateway'>[] => {
    if (gateway === undefined) return [...resources.Gateway.values()].filter(({ object }) => object.spec.gatewayClassName === gatewayClass.name);
    const own = resources.Gateway.get(`${gateway.namespace}/${gateway.name}`);
    return own === undefined ? [] : [own];
  });
  const namespaces = ours.flatMap(({ metadata, object }) => object.spec.listeners.flatMap((listener) => namespacesOf(listener, metadata.namespace)));
  return [...new Set(namespaces)].sort(byText);
}

function namespacesOf({ tls }: GatewayListener, own: string): string[] {
  return (tls?.certificateRefs ?? []).map(({ namespace = own }) => namespace);
}
