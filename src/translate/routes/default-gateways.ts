import type { TranslatedRoute } from './translated-route.ts';
import { byAge, type GatewayState } from '../gateways/state.ts';
import { keyOf } from '../../api/resource.ts';
import type { ParentReference } from '../../api/types.ts';
import type { Collection, Index, Read } from '../../reactive/collection.ts';

/** Default Gateways by their scope. */
export function defaultGateways(gateways: Collection<GatewayState>): Index<GatewayState> {
  return gateways.index('default-scope', ({ defaultScope }) => (defaultScope === undefined ? [] : [defaultScope]));
}

/**
 * The default Gateways that a route asks for, the oldest first. It is to behave "the same as if all default Gateways were explicitly
 * specified in parentRefs" (GEP-3793), beside what is there: those that a parentRef names as a whole are left out.
 */
export function defaultParents(
  read: Read,
  { namespace: own, parentRefs, useDefaultGateways }: Pick<TranslatedRoute, 'namespace' | 'parentRefs' | 'useDefaultGateways'>,
  gateways: Index<GatewayState>,
): { readonly gateway: GatewayState; readonly parentRef: ParentReference }[] {
  if (useDefaultGateways === undefined) return [];
  const whole = parentRefs.filter(({ group, kind, sectionName, port }) => group === 'gateway.networking.k8s.io' && kind === 'Gateway' && sectionName === undefined && port === undefined);
  const named = new Set(whole.map(({ namespace = own, name }) => keyOf(namespace, name)));
  return read.where(gateways, useDefaultGateways)
    .filter(({ key }) => !named.has(key))
    .sort(byAge)
    .map((gateway) => ({ gateway, parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: gateway.namespace, name: gateway.name } }));
}
