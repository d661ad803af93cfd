import { byText } from '../util/compare.ts';

/** Edits beyond this share of the members are not worth patching in: all is sorted again. */
const patchShare = 1 / 8;

/** The members of one index key, in the order of their keys. Reading again after few writes costs no sorting. */
export class Bucket<V> {
  readonly #members = new Map<string, V>();
  /** Keys and values as they were last read, side by side. The array of values has been handed out and never changes. */
  #keys: string[] = [];
  #values: readonly V[] = [];
  /** Keys written since; undefined: too many to be worth knowing. */
  #edited: Set<string> | undefined;

  get size(): number {
    return this.#members.size;
  }

  /** Sets a member; undefined: removes it. */
  write(key: string, value: V | undefined): void {
    if (value === undefined) this.#members.delete(key);
    else this.#members.set(key, value);
    this.#edited?.add(key);
    if (this.#edited !== undefined && this.#edited.size > this.#members.size * patchShare) this.#edited = undefined;
  }

  values(): readonly V[] {
    if (this.#edited === undefined) this.#sort();
    else if (this.#edited.size > 0) this.#patch(this.#edited);
    else return this.#values;
    this.#edited = new Set();
    return this.#values;
  }

  #sort(): void {
    this.#keys = [...this.#members.keys()].sort(byText);
    this.#values = this.#keys.map((key) => this.#members.get(key) as V);
  }

  #patch(edited: ReadonlySet<string>): void {
    const values = [...this.#values];
    for (const key of edited) {
      const at = this.#find(key);
      const value = this.#members.get(key);
      const isThere = this.#keys[at] === key;
      if (value === undefined) {
        if (!isThere) continue;
        this.#keys.splice(at, 1);
        values.splice(at, 1);
      } else if (isThere) {
        values[at] = value;
      } else {
        this.#keys.splice(at, 0, key);
        values.splice(at, 0, value);
      }
    }
    this.#values = values;
  }

  /** The position of a key, or where it belongs. */
  #find(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
