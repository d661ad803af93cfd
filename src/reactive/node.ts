import type { Change, Collection, Index, Source } from './collection.ts';
import { Bucket } from './bucket.ts';

/** A function that has run and will run again when one of the cells it read changes. */
export interface Dependent {
  markDirty(): void;
}

/** Something that can be read: one key of a collection or of an index. Lives as long as somebody depends on it. */
export class Cell {
  readonly #key: string;
  /** Where the cell is kept while somebody depends on it. */
  readonly #home: Map<string, Cell>;
  /** Most cells have one dependent, for which a set would be a waste. */
  #only: Dependent | undefined;
  #many: Set<Dependent> | undefined;

  constructor(key: string, home: Map<string, Cell>) {
    this.#key = key;
    this.#home = home;
  }

  /** False: it was a dependent already. */
  add(dependent: Dependent): boolean {
    if (this.#many !== undefined) {
      const before = this.#many.size;
      return this.#many.add(dependent).size > before;
    }
    if (this.#only === dependent) return false;
    if (this.#only === undefined) {
      this.#only = dependent;
    } else {
      this.#many = new Set([this.#only, dependent]);
      this.#only = undefined;
    }
    return true;
  }

  remove(dependent: Dependent): void {
    if (this.#only === dependent) this.#only = undefined;
    else this.#many?.delete(dependent);
    if (this.#only === undefined && (this.#many === undefined || this.#many.size === 0)) this.#home.delete(this.#key);
  }

  markDirty(): void {
    this.#only?.markDirty();
    if (this.#many !== undefined) for (const dependent of this.#many) dependent.markDirty();
  }
}

/** What an operator downstream of a collection hears, at once and for every write. */
export type Consumer<V> = (key: string, change: Change<V>) => void;

/**
 * The storage of a collection: values, indexes, cells of those who read it, and the changes since the last settle.
 * `rank` is its place in the order of settling: whatever it is made from has a smaller one.
 */
export class Node<V> implements Collection<V>, Source<V> {
  readonly name: string;
  readonly rank: number;
  readonly #equal: (a: V, b: V) => boolean;
  readonly #onWrite: () => void;
  readonly #values = new Map<string, V>();
  readonly #cells = new Map<string, Cell>();
  readonly #indexes: IndexNode<V>[] = [];
  readonly #consumers: Consumer<V>[] = [];
  readonly #listeners = new Set<(changes: ReadonlyMap<string, Change<V>>) => void>();
  #changes = new Map<string, Change<V>>();

  constructor(name: string, rank: number, equal: (a: V, b: V) => boolean, onWrite: () => void) {
    this.name = name;
    this.rank = rank;
    this.#equal = equal;
    this.#onWrite = onWrite;
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  entries(): IterableIterator<[string, V]> {
    return this.#values.entries();
  }

  values(): IterableIterator<V> {
    return this.#values.values();
  }

  set(key: string, value: V): void {
    this.write(key, value);
  }

  delete(key: string): void {
    this.write(key, undefined);
  }

  write(key: string, after: V | undefined): void {
    const before = this.#values.get(key);
    if (this.#same(before, after)) return;
    if (after === undefined) this.#values.delete(key);
    else this.#values.set(key, after);
    const change = { before, after };
    for (const index of this.#indexes) index.update(key, change);
    this.#cells.get(key)?.markDirty();
    for (const consume of this.#consumers) consume(key, change);
    if (this.#listeners.size > 0) this.#record(key, change);
    this.#onWrite();
  }

  #same(a: V | undefined, b: V | undefined): boolean {
    return a === b || (a !== undefined && b !== undefined && this.#equal(a, b));
  }

  #record(key: string, change: Change<V>): void {
    const earlier = this.#changes.get(key);
    this.#changes.set(key, earlier === undefined ? change : { before: earlier.before, after: change.after });
  }

  cell(key: string): Cell {
    return cellIn(this.#cells, key);
  }

  consume(consumer: Consumer<V>): void {
    this.#consumers.push(consumer);
    for (const [key, after] of this.#values) consumer(key, { before: undefined, after });
  }

  index(name: string, by: (value: V, key: string) => Iterable<string>): Index<V> {
    const index = new IndexNode(`${this.name}.${name}`, this, by);
    this.#indexes.push(index);
    return index;
  }

  subscribe(listener: (changes: ReadonlyMap<string, Change<V>>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells the subscribers what changed since they were last told. True if there was something to tell. */
  publish(): boolean {
    if (this.#changes.size === 0) return false;
    const changes = this.#changes;
    this.#changes = new Map();
    for (const [key, { before, after }] of changes) if (this.#same(before, after)) changes.delete(key);
    if (changes.size === 0) return false;
    for (const listener of this.#listeners) listener(changes);
    return true;
  }
}

/** Buckets of one index, each sorted when it is read after a change. */
export class IndexNode<V> implements Index<V> {
  readonly name: string;
  readonly collection: Node<V>;
  readonly #by: (value: V, key: string) => Iterable<string>;
  readonly #buckets = new Map<string, Bucket<V>>();
  readonly #cells = new Map<string, Cell>();

  constructor(name: string, collection: Node<V>, by: (value: V, key: string) => Iterable<string>) {
    this.name = name;
    this.collection = collection;
    this.#by = by;
    for (const [key, after] of collection.entries()) this.update(key, { before: undefined, after });
  }

  get(indexKey: string): readonly V[] {
    return this.#buckets.get(indexKey)?.values() ?? [];
  }

  update(key: string, { before, after }: Change<V>): void {
    if (before !== undefined) for (const indexKey of this.#by(before, key)) this.#write(indexKey, key, undefined);
    if (after !== undefined) for (const indexKey of this.#by(after, key)) this.#write(indexKey, key, after);
  }

  #write(indexKey: string, key: string, value: V | undefined): void {
    let bucket = this.#buckets.get(indexKey);
    if (bucket === undefined) this.#buckets.set(indexKey, (bucket = new Bucket()));
    bucket.write(key, value);
    if (bucket.size === 0) this.#buckets.delete(indexKey);
    this.#cells.get(indexKey)?.markDirty();
  }

  cell(indexKey: string): Cell {
    return cellIn(this.#cells, indexKey);
  }
}

function cellIn(cells: Map<string, Cell>, key: string): Cell {
  let cell = cells.get(key);
  if (cell === undefined) {
    cell = new Cell(key, cells);
    cells.set(key, cell);
  }
  return cell;
}
