import type { Inputs } from '../inputs.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import type { Collection } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

/** Where in a cluster something runs, as far as that is known. */
export interface Location {
  /** Name of the node. */
  readonly node: string | undefined;
  /** Pool of nodes, such as a site at the edge. */
  readonly pool: string | undefined;
  readonly zone: string | undefined;
}

/** Labels of a node that name its pool: OpenYurt's, and that of Alibaba Cloud's edge clusters, which are made of it. */
const poolLabels = ['apps.openyurt.io/nodepool', 'alibabacloud.com/nodepool-id'];

/** Where a node is, by its labels. */
export function locationOf({ metadata: { name, labels } }: ResourceOf<'Node'>): Location {
  const pool = poolLabels.map((label) => labels[label]).find((value) => value !== undefined && value !== '');
  return { node: name, pool, zone: labels['topology.kubernetes.io/zone'] };
}

/** Where the nodes are: the rest of a Node may change without an endpoint being looked at again. */
export function nodeLocations(graph: Graph, { resources }: Pick<Inputs, 'resources'>): Collection<Location> {
  return graph.derive('node-locations', resources.Node, locationOf);
}

/** The names of the places that something at a location is at, the narrowest first: `node/…`, `pool/…`, `zone/…`. */
export function placesAt({ node, pool, zone }: Location): string[] {
  const named: readonly (readonly [kind: string, name: string | undefined])[] = [['node', node], ['pool', pool], ['zone', zone]];
  return named.flatMap(([kind, name]) => (name === undefined || name === '' ? [] : [`${kind}/${name}`]));
}
