import { placesAt, type Location } from './places.ts';
import type { SliceEndpoint } from './slice-endpoints.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import type { Endpoint, NearEndpoints } from '../../ir/backend.ts';
import { byText } from '../../util/compare.ts';

/** Which endpoints of a Service are preferred: those of the client's own zone, node, or pool of nodes. */
export type Preference = 'zone' | 'node' | 'pool';

/** Values of a Service's `trafficDistribution` (KEP-3015). */
const distributions: ReadonlyMap<string, Preference> = new Map([
  ['PreferClose', 'zone'],
  ['PreferSameZone', 'zone'],
  ['PreferSameNode', 'node'],
]);

/** OpenYurt's annotation of a Service, and its values: to OpenYurt a zone is a pool of nodes. */
const topologyKeys = 'openyurt.io/topologyKeys';
const topologies: ReadonlyMap<string, Preference> = new Map([
  ['kubernetes.io/hostname', 'node'],
  ['kubernetes.io/zone', 'pool'],
  ['openyurt.io/nodepool', 'pool'],
]);

/** What a Service or ServiceImport says of which endpoints are preferred; undefined: nothing. Its slices may still have hints. */
export function preferenceOf({ metadata, object: { spec } }: ResourceOf<'Service' | 'ServiceImport'>): Preference | undefined {
  return topologies.get(metadata.annotations[topologyKeys] ?? '') ?? distributions.get(spec?.trafficDistribution ?? '');
}

/**
 * The endpoints for proxies at single places, as kube-proxy chooses them: hints count only where each ready endpoint has one, and only for
 * places that some endpoint is meant for; whoever is elsewhere uses all of them. The hints are whatever their author made them (the
 * annotation `service.kubernetes.io/topology-mode: Auto` has Kubernetes share out endpoints in proportion to the zones' CPUs). Where there
 * are none, as in slices that people write, those are made up that Kubernetes would give for the Service's preference.
 */
export function nearEndpoints(
  all: readonly SliceEndpoint[],
  preference: Preference | undefined,
  locationOf: (node: string) => Location | undefined,
): NearEndpoints[] {
  const ready = all.filter(({ endpoint }) => !endpoint.draining);
  const draining = all.filter(({ endpoint }) => endpoint.draining).map(({ endpoint }) => endpoint);
  const near =
    preference === 'pool'
      ? byPlace(ready, ({ node }) => (node === undefined ? [] : placesAt({ node: undefined, zone: undefined, pool: locationOf(node)?.pool })))
      : [...hinted(ready, (endpoint) => nodeHints(endpoint, preference)), ...hinted(ready, (endpoint) => zoneHints(endpoint, preference))];
  return near.map(([place, endpoints]) => ({ place, endpoints: [...endpoints, ...draining] })).sort((a, b) => byText(a.place, b.place));
}

function nodeHints({ node, hints }: SliceEndpoint, preference: Preference | undefined): string[] {
  const nodes = hints.nodes.length > 0 || preference !== 'node' || node === undefined ? hints.nodes : [node];
  return nodes.map((name) => `node/${name}`);
}

function zoneHints({ endpoint: { zone }, hints }: SliceEndpoint, preference: Preference | undefined): string[] {
  const zones = hints.zones.length > 0 || preference === undefined || zone === '' ? hints.zones : [zone];
  return zones.map((name) => `zone/${name}`);
}

function hinted(ready: readonly SliceEndpoint[], hintsOf: (endpoint: SliceEndpoint) => readonly string[]): [string, Endpoint[]][] {
  return ready.every((endpoint) => hintsOf(endpoint).length > 0) ? byPlace(ready, hintsOf) : [];
}

function byPlace(ready: readonly SliceEndpoint[], placesOf: (endpoint: SliceEndpoint) => readonly string[]): [string, Endpoint[]][] {
  const places = new Map<string, Endpoint[]>();
  for (const found of ready) {
    for (const place of placesOf(found)) {
      const endpoints = places.get(place);
      if (endpoints === undefined) places.set(place, [found.endpoint]);
      else endpoints.push(found.endpoint);
    }
  }
  return [...places];
}
