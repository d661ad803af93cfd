/** What happened to one key in a settle. `before` undefined: it appeared; `after` undefined: it went. */
export interface Change<V> {
  readonly before: V | undefined;
  readonly after: V | undefined;
}

export type Changes<V> = ReadonlyMap<string, Change<V>>;

/** A keyed set of immutable values. */
export interface Collection<V> {
  readonly name: string;
  readonly size: number;
  get(key: string): V | undefined;
  entries(): IterableIterator<[string, V]>;
  values(): IterableIterator<V>;
  /** An index of the values by the keys that `by` gives for each. Make it before the first settle, once. */
  index(name: string, by: (value: V, key: string) => Iterable<string>): Index<V>;
  /** Calls `listener` after each settle that changed something here, with just that. Returns the way to stop. */
  subscribe(listener: (changes: Changes<V>) => void): () => void;
}

/** A collection that is written from outside. Writes take effect on what is derived at the next settle. */
export interface Source<V> extends Collection<V> {
  set(key: string, value: V): void;
  delete(key: string): void;
}

/** The values of a collection by something other than their key. */
export interface Index<V> {
  readonly collection: Collection<V>;
  /** The values under an index key, in the order of their collection keys. */
  get(indexKey: string): readonly V[];
}

/** How a function of `derive` or `expand` reads other collections; what it read is what makes it run again. */
export interface Read {
  get<V>(collection: Collection<V>, key: string): V | undefined;
  where<V>(index: Index<V>, indexKey: string): readonly V[];
}
