import type { Collection, Read, Source } from './collection.ts';
import { Derived, type Stage, type StageError } from './derived.ts';
import { Count, Group, Merge } from './group.ts';
import { Mapped } from './mapped.ts';
import { Node } from './node.ts';
import { equal } from '../util/equal.ts';

/** Rounds of settling that subscribers may cause by writing to sources before it counts as a loop. */
const maxRounds = 100;

/**
 * An incremental computation over keyed collections.
 *
 *     source ──► derive ──► group ──► derive ──► subscribers
 *        ▲          │ read.get, read.where          │
 *     set/delete    └──► any earlier collection      └──► exact changed keys, once per settle
 *
 * - A *source* is written from outside; nothing else happens until `settle`.
 * - A *derived* collection runs a pure function for each item of its input. What the function reads through `read` is
 *   remembered, and only functions whose item or readings changed run again.
 * - `settle` runs what is dirty, synchronously, in the order in which the collections were made. That order is a
 *   topological one, since a function may read only what was made before its own collection.
 * - An output equal to the old one stops there.
 *
 * Functions must be pure: same item and same readings, same output. Values must never be changed.
 * The cost of a settle is what changed, not what there is.
 */
export class Graph {
  readonly #nodes: Node<unknown>[] = [];
  readonly #stages: Stage[] = [];
  readonly #onError: (error: StageError) => void;
  #dirty = false;
  #settling = false;

  /** `onError` hears of functions that threw; the default throws on, at the end of nothing: for tests. */
  constructor(options: { readonly onError?: (error: StageError) => void } = {}) {
    this.#onError =
      options.onError ??
      (({ collection, key, error }) => {
        throw new Error(`${collection}: ${key}`, { cause: error });
      });
  }

  source<V>(name: string): Source<V> {
    return this.#node<V>(name, equal);
  }

  /** One output for an item, under the item's key; undefined: none. `recover` answers for a function that threw. */
  derive<I, O>(
    name: string,
    input: Collection<I>,
    fn: (item: I, read: Read, key: string) => O | undefined,
    options: { readonly recover?: (item: I, error: unknown) => O; readonly equal?: (a: O, b: O) => boolean } = {},
  ): Collection<O> {
    const stage = new Mapped<I, O>({
      output: this.#node(name, options.equal ?? equal),
      input: asNode(input),
      fn,
      recover: options.recover,
      onError: this.#onError,
    });
    this.#add(stage);
    return stage.output;
  }

  /** Any number of outputs for an item, each under a key that no other item gives. */
  expand<I, O>(
    name: string,
    input: Collection<I>,
    fn: (item: I, read: Read, key: string) => Iterable<readonly [string, O]>,
    options: { readonly equal?: (a: O, b: O) => boolean } = {},
  ): Collection<O> {
    const output = this.#node<O>(name, options.equal ?? equal);
    const stage = new Derived<I, O>({ output, input: asNode(input), fn, onError: this.#onError });
    this.#add(stage);
    return output;
  }

  /** The items of `input` under each group key that `by` names, sorted by `compare`, then by key. */
  group<I>(
    name: string,
    input: Collection<I>,
    by: (item: I, key: string) => Iterable<string>,
    compare: (a: I, b: I) => number = () => 0,
  ): Collection<readonly I[]> {
    const output = this.#node<readonly I[]>(name, sameMembers);
    this.#add(new Group({ output, input: asNode(input), by, compare }));
    return output;
  }

  /** The items of several collections as one. No key may be in two of them. */
  merge<V>(name: string, inputs: readonly Collection<V>[]): Collection<V> {
    const output = this.#node<V>(name, Object.is);
    this.#stages.push(new Merge({ output, inputs: inputs.map((input) => ['', asNode(input)]) }));
    return output;
  }

  /** The items of several named collections as one, under `NAME/key`. */
  union<V>(name: string, inputs: Readonly<Record<string, Collection<V>>>): Collection<V> {
    const output = this.#node<V>(name, Object.is);
    this.#stages.push(new Merge({ output, inputs: Object.entries(inputs).map(([prefix, input]) => [`${prefix}/`, asNode(input)]) }));
    return output;
  }

  /** How many items of `input` name each group key. */
  count<I>(name: string, input: Collection<I>, by: (item: I, key: string) => Iterable<string>): Collection<number> {
    const output = this.#node<number>(name, Object.is);
    this.#add(new Count({ output, input: asNode(input), by }));
    return output;
  }

  /** Brings everything up to date, then tells subscribers; goes on while they write to sources. */
  settle(): void {
    if (this.#settling) return;
    this.#settling = true;
    try {
      for (let round = 0; this.#dirty; round++) {
        if (round === maxRounds) throw new Error(`not settled after ${maxRounds} rounds: a subscriber writes what it hears`);
        this.#dirty = false;
        for (const stage of this.#stages) stage.run();
        this.#dirty = false;
        for (const node of this.#nodes) node.publish();
      }
    } finally {
      this.#settling = false;
    }
  }

  #add(stage: Stage): void {
    this.#stages.push(stage);
    // Its input may have content already.
    this.#dirty = true;
  }

  #node<V>(name: string, equalValues: (a: V, b: V) => boolean): Node<V> {
    const node = new Node<V>(name, this.#nodes.length, equalValues, () => {
      this.#dirty = true;
    });
    this.#nodes.push(node as Node<unknown>);
    return node;
  }
}

function asNode<V>(collection: Collection<V>): Node<V> {
  if (!(collection instanceof Node)) throw new TypeError(`${collection.name} is not a collection of a graph`);
  return collection;
}

function sameMembers<I>(a: readonly I[], b: readonly I[]): boolean {
  return a.length === b.length && a.every((member, i) => member === b[i]);
}
