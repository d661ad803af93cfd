/**
 * Which server holds which block, and since when: of each slot a list of records, the one used last first, and a hash table that finds
 * (record, slot) among all. On typed arrays, and buckets with tags, as in `BlockTable`.
 *
 *     newest[slot] ──► holding ⇄ holding ⇄ holding ◄── oldest[slot]
 */
export class Holdings {
  /** Of each slot. */
  readonly counts: Int32Array;
  size = 0;
  readonly #newest: Int32Array;
  readonly #oldest: Int32Array;
  /** Of each holding. */
  readonly #records: Int32Array;
  readonly #slots: Uint16Array;
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  /** Holding + 1, below some bits of the hash; 0: empty. */
  readonly #buckets: Int32Array;
  readonly #mask: number;
  readonly #holdingBits: number;
  /** First of those that were given back, chained by `#older`; -1: none. */
  #free = -1;
  #unused = 0;

  /** @param buckets a power of two, more than `capacity` */
  constructor(capacity: number, buckets: number, slots: number) {
    this.counts = new Int32Array(slots);
    this.#newest = new Int32Array(slots).fill(-1);
    this.#oldest = new Int32Array(slots).fill(-1);
    this.#records = new Int32Array(capacity);
    this.#slots = new Uint16Array(capacity);
    this.#newer = new Int32Array(capacity);
    this.#older = new Int32Array(capacity);
    this.#buckets = new Int32Array(buckets);
    this.#mask = buckets - 1;
    this.#holdingBits = 32 - Math.clz32(capacity);
  }

  get bytes(): number {
    const arrays = [this.counts, this.#newest, this.#oldest, this.#records, this.#slots, this.#newer, this.#older, this.#buckets];
    return arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Makes it the slot's newest. @returns false: the slot does not hold it */
  touch(record: number, slot: number): boolean {
    const holding = this.#find(record, slot);
    if (holding < 0) return false;
    if (this.#newest[slot] !== holding) {
      this.#unlink(holding, slot);
      this.#link(holding, slot);
    }
    return true;
  }

  /** Adds what the slot does not hold, as its newest. There has to be room. */
  add(record: number, slot: number): void {
    let holding = this.#free;
    if (holding < 0) holding = this.#unused++;
    else this.#free = this.#older[holding] as number;
    this.#records[holding] = record;
    this.#slots[holding] = slot;
    const hash = pairHash(record, slot);
    let at = hash & this.#mask;
    while (this.#buckets[at] !== 0) at = (at + 1) & this.#mask;
    this.#buckets[at] = this.#tag(hash) | (holding + 1);
    this.#link(holding, slot);
    this.counts[slot] = (this.counts[slot] as number) + 1;
    this.size++;
  }

  /** Takes away the slot's oldest. @returns its record; -1: the slot holds nothing */
  removeOldest(slot: number): number {
    const holding = this.#oldest[slot] as number;
    if (holding < 0) return -1;
    const record = this.#records[holding] as number;
    this.#unlink(holding, slot);
    this.#unbucket(holding, pairHash(record, slot));
    this.#older[holding] = this.#free;
    this.#free = holding;
    this.counts[slot] = (this.counts[slot] as number) - 1;
    this.size--;
    return record;
  }

  /** The slot's records, the oldest first. Nothing may change meanwhile. */
  *records(slot: number): Generator<number> {
    for (let at = this.#oldest[slot] as number; at >= 0; at = this.#newer[at] as number) yield this.#records[at] as number;
  }

  /** The upper bits of a hash, as the home has the lower ones. */
  #tag(hash: number): number {
    return (hash >>> this.#holdingBits) << this.#holdingBits;
  }

  #find(record: number, slot: number): number {
    const buckets = this.#buckets;
    const mask = this.#mask;
    const bits = this.#holdingBits;
    const hash = pairHash(record, slot);
    const tag = this.#tag(hash);
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const bucket = buckets[at] as number;
      if (bucket === 0) return -1;
      if ((bucket ^ tag) >>> bits !== 0) continue;
      const holding = (bucket ^ tag) - 1;
      if (this.#records[holding] === record && this.#slots[holding] === slot) return holding;
    }
  }

  #unbucket(holding: number, hash: number): void {
    const buckets = this.#buckets;
    const mask = this.#mask;
    const bucket = this.#tag(hash) | (holding + 1);
    const holdingMask = (1 << this.#holdingBits) - 1;
    let gap = hash & mask;
    while (buckets[gap] !== bucket) gap = (gap + 1) & mask;
    for (let at = (gap + 1) & mask; buckets[at] !== 0; at = (at + 1) & mask) {
      const other = ((buckets[at] as number) & holdingMask) - 1;
      const home = pairHash(this.#records[other] as number, this.#slots[other] as number) & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      buckets[gap] = buckets[at] as number;
      gap = at;
    }
    buckets[gap] = 0;
  }

  #link(holding: number, slot: number): void {
    const next = this.#newest[slot] as number;
    this.#newer[holding] = -1;
    this.#older[holding] = next;
    if (next < 0) this.#oldest[slot] = holding;
    else this.#newer[next] = holding;
    this.#newest[slot] = holding;
  }

  #unlink(holding: number, slot: number): void {
    const newer = this.#newer[holding] as number;
    const older = this.#older[holding] as number;
    if (newer < 0) this.#newest[slot] = older;
    else this.#older[newer] = older;
    if (older < 0) this.#oldest[slot] = newer;
    else this.#newer[older] = newer;
  }
}

function pairHash(record: number, slot: number): number {
  const hash = Math.imul(record ^ Math.imul(slot + 1, 0x9e3779b1), 0x85ebca6b);
  return Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
}
