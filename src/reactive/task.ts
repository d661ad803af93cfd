import type { Collection, Index, Read } from './collection.ts';
import { IndexNode, Node, type Cell, type Dependent } from './node.ts';

const none: readonly never[] = [];

/** The function of a stage as it was run for one item: what it read, and what it gave. There is one for each item, so it is small. */
export class Task implements Dependent {
  /** Keys of its outputs; empty where they need not be known. */
  outputs: readonly string[] = none;
  #cells: readonly Cell[] = none;
  readonly #key: string;
  readonly #dirty: Dirty;

  constructor(key: string, dirty: Dirty) {
    this.#key = key;
    this.#dirty = dirty;
  }

  markDirty(): void {
    this.#dirty.keys.add(this.#key);
  }

  /** Forgets what was read, before the function runs again or the item goes. */
  release(): void {
    for (const cell of this.#cells) cell.remove(this);
    this.#cells = none;
  }

  /** Takes down what was read. */
  depend(cells: readonly Cell[]): void {
    this.#cells = cells.length === 0 ? none : cells.slice();
  }
}

/** Items whose functions have to run. */
export interface Dirty {
  keys: Set<string>;
}

/** Lets a function read, and remembers for its task what it did. */
export class Reader implements Read {
  readonly #rank: number;
  readonly #cells: Cell[] = [];
  #task: Task | undefined;

  /** `rank` of the collection that is made: only earlier ones may be read. */
  constructor(rank: number) {
    this.#rank = rank;
  }

  /** Calls `fn`, which may read, for a task. */
  run<T>(task: Task, fn: () => T): T {
    this.#task = task;
    try {
      return fn();
    } finally {
      task.depend(this.#cells);
      this.#cells.length = 0;
      this.#task = undefined;
    }
  }

  get<V>(collection: Collection<V>, key: string): V | undefined {
    const node = this.#earlier(collection);
    this.#remember(node.cell(key));
    return node.get(key);
  }

  where<V>(index: Index<V>, indexKey: string): readonly V[] {
    if (!(index instanceof IndexNode)) throw new TypeError('not an index of this graph');
    this.#earlier(index.collection);
    this.#remember(index.cell(indexKey));
    return index.get(indexKey);
  }

  #remember(cell: Cell): void {
    if (this.#task === undefined) throw new Error('read after the function has returned');
    if (cell.add(this.#task)) this.#cells.push(cell);
  }

  #earlier<V>(collection: Collection<V>): Node<V> {
    if (!(collection instanceof Node)) throw new TypeError(`${collection.name} is not a collection of this graph`);
    if (collection.rank >= this.#rank) throw new Error(`${collection.name} is made later than its reader`);
    return collection;
  }
}
