import type { Collection } from './collection.ts';
import type { Graph } from './graph.ts';

/** The items of up to ten collections as one: of those with one key that of the first collection which has it. */
export function preferred<V>(graph: Graph, name: string, inputs: readonly Collection<V>[]): Collection<V> {
  const all = graph.union(`${name}-all`, Object.fromEntries(inputs.map((input, i) => [i, input])));
  // Members of a group are sorted by their keys, which begin with the place of the collection.
  const byKey = graph.group(`${name}-by-key`, all, (_item, key) => [key.slice(key.indexOf('/') + 1)]);
  return graph.derive(name, byKey, ([first]) => first);
}
