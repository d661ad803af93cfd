/** Blocks that `prefetch` is for. */
export const ahead = 32;

/**
 * Blocks that some server is thought to hold: an open hash table on typed arrays. Records stay where they are, so that others can name
 * them by number; what is moved about, when a block goes and the gap behind it has to be closed, is buckets.
 *
 *     bucket  │ 0 │ ·3 │ ·1 │ 0 │ …        record + 1, from the low half of the hash on; 0: empty
 *                   │    └──► record 0    │ low │ high │ holders 0–31 │ holders 32–63 │ …
 *                   └───────► record 2    │ low │ high │ …
 *     free            ──────► record 1    │ next free record │ …
 *
 * The upper bits of a bucket are as many lower bits of `high`, so that other blocks' records are hardly ever looked at: they are not in the
 * processor's caches.
 */
export class BlockTable {
  /** Words of holders: 32 slots each. */
  readonly words: number;
  readonly stride: number;
  /** `stride` words a record. */
  readonly records: Int32Array;
  /** Of blocks. */
  size = 0;
  readonly #buckets: Int32Array;
  readonly #mask: number;
  /** Of a bucket: the lower ones are for the record. */
  readonly #recordBits: number;
  /** Of `prefetch`. */
  readonly #bases = new Int32Array(ahead);
  /** First of the records that were given back; -1: none. */
  #free = -1;
  /** Records that were never used begin here. */
  #unused = 0;

  /** @param buckets a power of two, more than `capacity` */
  constructor(capacity: number, buckets: number, words: number) {
    this.words = words;
    this.stride = 2 + words;
    this.records = new Int32Array(capacity * this.stride);
    this.#buckets = new Int32Array(buckets);
    this.#mask = buckets - 1;
    this.#recordBits = 32 - Math.clz32(capacity);
  }

  get bytes(): number {
    return this.records.byteLength + this.#buckets.byteLength;
  }

  /** @returns the number of its record; -1: nobody holds it */
  find(low: number, high: number): number {
    const { records, stride } = this;
    const buckets = this.#buckets;
    const mask = this.#mask;
    const bits = this.#recordBits;
    const tag = high << bits;
    for (let at = low & mask; ; at = (at + 1) & mask) {
      const bucket = buckets[at] as number;
      if (bucket === 0) return -1;
      if ((bucket ^ tag) >>> bits !== 0) continue;
      const record = (bucket ^ tag) - 1;
      const base = record * stride;
      if (records[base] === low && records[base + 1] === high) return record;
    }
  }

  /**
   * Looks at what `find` will look at for some blocks, all at once rather than one after the other: in a table that is larger than the
   * processor's caches that takes a third of the time.
   * @param hashes two halves a block, from word `from` on, of up to `ahead` blocks
   * @returns a number that means nothing, and must be used lest the work be left out
   */
  prefetch(hashes: Uint32Array, from: number): number {
    const { records, stride } = this;
    const buckets = this.#buckets;
    const recordMask = (1 << this.#recordBits) - 1;
    const bases = this.#bases;
    const count = Math.min(ahead, (hashes.length - from) >> 1);
    for (let i = 0; i < count; i++) {
      const record = ((buckets[(hashes[from + 2 * i] as number) & this.#mask] as number) & recordMask) - 1;
      bases[i] = Math.max(0, record) * stride;
    }
    let all = 0;
    for (let i = 0; i < count; i++) all ^= records[bases[i] as number] as number;
    return all;
  }

  /** Adds a block that is not there, held by nobody. There has to be room. */
  add(low: number, high: number): number {
    const { records, stride } = this;
    let record = this.#free;
    if (record < 0) record = this.#unused++;
    else this.#free = records[record * stride] as number;
    const base = record * stride;
    records[base] = low;
    records[base + 1] = high;
    let at = low & this.#mask;
    while (this.#buckets[at] !== 0) at = (at + 1) & this.#mask;
    this.#buckets[at] = (high << this.#recordBits) | (record + 1);
    this.size++;
    return record;
  }

  hold(record: number, slot: number): void {
    const at = record * this.stride + 2 + (slot >> 5);
    this.records[at] = (this.records[at] as number) | (1 << (slot & 31));
  }

  /** A block that nobody holds any more is gone. */
  release(record: number, slot: number): void {
    const { records, stride } = this;
    const base = record * stride;
    const at = base + 2 + (slot >> 5);
    records[at] = (records[at] as number) & ~(1 << (slot & 31));
    for (let i = base + 2; i < base + stride; i++) if (records[i] !== 0) return;
    this.#remove(record);
  }

  #remove(record: number): void {
    const { records, stride } = this;
    const buckets = this.#buckets;
    const mask = this.#mask;
    const recordMask = (1 << this.#recordBits) - 1;
    let gap = (records[record * stride] as number) & mask;
    while (((buckets[gap] as number) & recordMask) !== record + 1) gap = (gap + 1) & mask;
    // What follows moves into the gap unless it would come to stand before its own bucket.
    for (let at = (gap + 1) & mask; buckets[at] !== 0; at = (at + 1) & mask) {
      const home = (records[(((buckets[at] as number) & recordMask) - 1) * stride] as number) & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      buckets[gap] = buckets[at] as number;
      gap = at;
    }
    buckets[gap] = 0;
    records[record * stride] = this.#free;
    this.#free = record;
    this.size--;
  }
}
