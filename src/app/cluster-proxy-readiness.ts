import type { ProxyInfraState } from '../infra/kubernetes/proxy-infra.ts';
import type { ProxyState } from '../translate/inputs.ts';
import type { AdsServer } from '../xds/server/ads-server.ts';
import type { ResourceStore } from '../xds/server/resources.ts';

/**
 * A fleet is ready when one of its Pods is, and every Envoy that is connected here has taken its listeners. Envoys that get their
 * configuration from another replica are known by their Pods alone.
 */
export function clusterProxyReadiness(id: string, infra: ProxyInfraState, { ads, store }: { readonly ads: AdsServer; readonly store: ResourceStore }): ProxyState {
  const about = { addresses: infra.addresses, unusable: infra.unusableAddresses, ...(infra.fault !== undefined && { parametersFault: infra.fault }) };
  if (!infra.available) return { ready: false, message: infra.message, ...about };
  for (const name of store.names(id, 'LDS')) {
    const pending = ads.ackState(id, 'LDS', name).find(({ state }) => state !== 'acked');
    if (pending === undefined) continue;
    return { ready: false, message: `Envoy ${pending.nodeId} has not taken listener ${name} yet (${pending.state})`, ...about };
  }
  return { ready: true, message: infra.message, ...about };
}
