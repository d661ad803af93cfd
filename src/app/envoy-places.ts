import type { ResourceOf } from '../api/kinds.ts';
import type { Collection } from '../reactive/collection.ts';
import { locationOf, placesAt } from '../translate/backends/places.ts';
import type { ClientNode } from '../xds/server/wire.ts';

/**
 * The places that an Envoy is at, the narrowest first: what it says itself, and what the cluster says of the node that it runs on. Its own
 * word on the zone counts more: users may set it.
 */
export function envoyPlaces({ zone, nodeName }: Pick<ClientNode, 'zone' | 'nodeName'>, nodes: Pick<Collection<ResourceOf<'Node'>>, 'get'>): string[] {
  const node = nodes.get(nodeName);
  const known = node === undefined ? undefined : locationOf(node);
  return placesAt({ node: nodeName, pool: known?.pool, zone: zone === '' ? known?.zone : zone });
}
