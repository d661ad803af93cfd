/** An item that a chain keeps the neighbours of. */
export interface Link<T> {
  before: T | undefined;
  after: T | undefined;
}

/** A list that grows at its end, and loses items anywhere, in O(1). An item is in one chain at a time. */
export class Chain<T extends Link<T>> {
  #first: T | undefined;
  #last: T | undefined;

  get first(): T | undefined {
    return this.#first;
  }

  /** Adds an item that is in no chain. */
  add(item: T): void {
    item.before = this.#last;
    item.after = undefined;
    if (this.#last === undefined) this.#first = item;
    else this.#last.after = item;
    this.#last = item;
  }

  /** Takes out an item that is in this chain. */
  remove(item: T): void {
    if (item.before === undefined) this.#first = item.after;
    else item.before.after = item.after;
    if (item.after === undefined) this.#last = item.before;
    else item.after.before = item.before;
    item.before = item.after = undefined;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let item = this.#first; item !== undefined; item = item.after) yield item;
  }
}
