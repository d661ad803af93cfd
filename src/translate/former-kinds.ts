import { condition } from './conditions.ts';
import type { Resources } from './inputs.ts';
import type { ListenerSetStatus } from './status/listener-set-status.ts';
import type { ResourceOf } from '../api/kinds.ts';
import type { Collection, Read } from '../reactive/collection.ts';
import type { Graph } from '../reactive/graph.ts';

/** A ListenerSet under its present name or its former one: to all but those who write its status and look for what became of it, they are the same. */
export type AnyListenerSet = ResourceOf<'ListenerSet' | 'XListenerSet'>;

type Kept = Pick<Resources, 'ListenerSet' | 'XListenerSet'>;

/**
 * All ListenerSets, by reference. Of two with one name the one under the present name is it, so that a set can be moved from one to the other
 * while its routes, which may name it by either kind, stay where they are.
 */
export function listenerSets(graph: Graph, { resources }: { readonly resources: Kept }): Collection<AnyListenerSet> {
  const former = graph.derive('former-listener-sets', resources.XListenerSet, (set, read) => (isSuperseded(read, set, resources) ? undefined : set));
  return graph.union<AnyListenerSet>('listener-sets', { ListenerSet: resources.ListenerSet, XListenerSet: former });
}

/** The ListenerSet of this key. */
export function findListenerSet(read: Read, key: string, { ListenerSet, XListenerSet }: Kept): AnyListenerSet | undefined {
  return read.get(ListenerSet, key) ?? read.get(XListenerSet, key);
}

/** Whether there is a ListenerSet of the same name under the present kind. */
export function isSuperseded(read: Read, { key }: ResourceOf<'XListenerSet'>, { ListenerSet }: Pick<Kept, 'ListenerSet'>): boolean {
  return read.get(ListenerSet, key) !== undefined;
}

/** The status of a set that another one has taken the place of. */
export function supersededStatus({ key, metadata: { generation } }: ResourceOf<'XListenerSet'>): ListenerSetStatus {
  const about = { reason: 'Invalid', message: `ListenerSet ${key} has taken its place`, generation };
  return { conditions: [condition('Accepted', false, about), condition('Programmed', false, about)], listeners: [] };
}

/** A status as the schema of its kind has it: under the former name, listeners repeat their ports. */
export function asKindHasIt({ kind, object }: AnyListenerSet, status: ListenerSetStatus): ListenerSetStatus {
  if (kind === 'ListenerSet') return status;
  const ports = new Map(object.spec.listeners.map(({ name, port }) => [name, port]));
  return { ...status, listeners: status.listeners.map((listener) => ({ ...listener, port: ports.get(listener.name) })) };
}
