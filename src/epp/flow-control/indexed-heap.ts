/** An item that a heap keeps the place of. */
export interface HeapItem {
  heapIndex: number;
}

/** A binary heap, the least first, from the middle of which items can be taken: adding, taking and removing cost O(log n). An item is in one heap at a time. */
export class IndexedHeap<T extends HeapItem> {
  readonly #compare: (a: T, b: T) => number;
  readonly #items: T[] = [];

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The least; undefined when there is none. */
  get first(): T | undefined {
    return this.#items[0];
  }

  has(item: T): boolean {
    return this.#items[item.heapIndex] === item;
  }

  add(item: T): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  /** Does nothing for an item that is not here. */
  remove(item: T): void {
    if (!this.has(item)) return;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    const at = item.heapIndex;
    this.#rise(last, at);
    if (last.heapIndex === at) this.#sink(last, at);
  }

  #rise(item: T, at: number): void {
    const items = this.#items;
    let hole = at;
    while (hole > 0) {
      const up = (hole - 1) >> 1;
      const parent = items[up] as T;
      if (this.#compare(item, parent) >= 0) break;
      this.#put(parent, hole);
      hole = up;
    }
    this.#put(item, hole);
  }

  #sink(item: T, at: number): void {
    const items = this.#items;
    let hole = at;
    for (let child = 2 * hole + 1; child < items.length; child = 2 * hole + 1) {
      if (child + 1 < items.length && this.#compare(items[child + 1] as T, items[child] as T) < 0) child++;
      const least = items[child] as T;
      if (this.#compare(least, item) >= 0) break;
      this.#put(least, hole);
      hole = child;
    }
    this.#put(item, hole);
  }

  #put(item: T, at: number): void {
    this.#items[at] = item;
    item.heapIndex = at;
  }
}
