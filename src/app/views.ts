import type { ControlPlane } from './control-plane.ts';
import type { Collection } from '../reactive/collection.ts';
import { byText } from '../util/compare.ts';
import { resourceJson } from '../xds/resources/json.ts';

/** The contents of a collection in the order of its keys. */
function sorted<V>(collection: Collection<V>): V[] {
  return [...collection.entries()].sort(([a], [b]) => byText(a, b)).map(([, value]) => value);
}

/** Wanted statuses: reference → status. */
export function statusView({ outputs }: ControlPlane): Record<string, object> {
  const all = outputs.statuses.flatMap((collection) => [...collection.values()]);
  return Object.fromEntries(all.sort((a, b) => byText(a.ref, b.ref)).map(({ ref, status }) => [ref, status]));
}

/** The vocabulary between the API and Envoy, without keys of certificates. */
export function irView({ outputs }: ControlPlane): Record<string, readonly unknown[]> {
  return {
    listeners: sorted(outputs.listeners),
    routeTables: sorted(outputs.routeTables),
    virtualHosts: sorted(outputs.virtualHosts),
    streamRoutes: sorted(outputs.streamRoutes),
    backends: sorted(outputs.backends),
    endpointSets: sorted(outputs.endpointSets),
    certificateUses: sorted(outputs.certificateUses),
    trustUses: sorted(outputs.trustUses),
  };
}

/** What the proxies are to run on: proxy → wishes. */
export function infrastructureView({ outputs }: ControlPlane): Record<string, object> {
  return Object.fromEntries(sorted(outputs.infrastructure).map(({ proxy, ...wishes }) => [proxy, wishes]));
}

/** What each proxy is sent: proxy → type → name → resource, as Envoy's documentation writes it. */
export function xdsView({ xds }: ControlPlane): Record<string, Record<string, Record<string, unknown>>> {
  const view: Record<string, Record<string, Record<string, unknown>>> = {};
  for (const { proxy, type, resource } of sorted(xds)) {
    ((view[proxy] ??= {})[type] ??= {})[resource.name] = resourceJson(type, resource.bytes);
  }
  return view;
}
