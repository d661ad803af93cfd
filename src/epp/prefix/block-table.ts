import type { ByteBudget } from './byte-budget.ts';

const firstCapacity = 1_024;
const bytesPerWord = 4;
/** Places of the hash table for each block: at most half of them are taken. */
const placesPerBlock = 2;

/** Words of a record: two halves of the hash, the stamp, then the set. */
const [lowAt, highAt, stampAt, setAt] = [0, 1, 2, 3];

/** No block. */
export const none = -1;

/**
 * Blocks by hash, each with the set of servers that hold it, in typed arrays.
 *
 *     hash ─► places (open addressing, linear) ─► record of a block: hash, stamp, set of slots
 *
 * All that is known of a block is side by side: a look-up costs the processor two visits to memory. Numbers are signed: V8 computes with those of 32 bits as
 * they are, and makes floating point of unsigned ones. Blocks are numbers that stay while a block
 * is there; a free one is given out again.
 */
export class BlockTable {
  readonly #budget: ByteBudget;
  #capacity = 0;
  #size = 0;
  /** Words of a set. */
  #setWords = 1;
  #places = new Int32Array(0);
  #records = new Int32Array(0);
  /** Blocks that were given back, linked by their stamps. */
  #free = none;
  /** Blocks that were never given out begin here. */
  #fresh = 0;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** Blocks that are there. */
  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#capacity * this.#blockBytes;
  }

  /** Words of a block's set. */
  get setWords(): number {
    return this.#setWords;
  }

  /** All records: the set of a block is at `setOf(block)`. Not to be kept over `add` and `makeRoom`. */
  get records(): Int32Array {
    return this.#records;
  }

  get #stride(): number {
    return setAt + this.#setWords;
  }

  get #blockBytes(): number {
    return (this.#stride + placesPerBlock) * bytesPerWord;
  }

  setOf(block: number): number {
    return block * this.#stride + setAt;
  }

  /**
   * Reads what `find` is going to read for some blocks of a prompt, so that the processor waits for memory once and not for each block in turn.
   * What it returns means nothing, but to the compiler, which may not leave out the reading.
   */
  fetch(hashes: Uint32Array, from: number, to: number): number {
    const places = this.#places;
    if (places.length === 0) return 0;
    const mask = places.length - 1;
    let seen = 0;
    for (let i = from; i < to; i++) seen ^= places[((hashes[2 * i] as number) | 0) & mask] as number;
    for (let i = from; i < to; i++) {
      const block = places[((hashes[2 * i] as number) | 0) & mask] as number;
      if (block !== none) seen ^= this.#records[block * this.#stride] as number;
    }
    return seen;
  }

  find(low: number, high: number): number {
    const places = this.#places;
    if (places.length === 0) return none;
    const records = this.#records;
    const stride = this.#stride;
    const mask = places.length - 1;
    for (let at = low & mask; ; at = (at + 1) & mask) {
      const block = places[at] as number;
      if (block === none || (records[block * stride] === low && records[block * stride + highAt] === high)) return block;
    }
  }

  /** A new block that nobody holds; `none`: there is no room. The hash must not be there. */
  add(low: number, high: number): number {
    if (this.#free === none && this.#fresh === this.#capacity && !this.#grow()) return none;
    const block = this.#free === none ? this.#fresh++ : this.#free;
    const record = block * this.#stride;
    if (block === this.#free) this.#free = this.#records[record + stampAt] as number;
    this.#records[record + lowAt] = low;
    this.#records[record + highAt] = high;
    this.#records.fill(0, record + setAt, record + this.#stride);
    this.#place(block, low);
    this.#size++;
    return block;
  }

  stamp(block: number): number {
    return this.#records[block * this.#stride + stampAt] as number;
  }

  setStamp(block: number, stamp: number): void {
    this.#records[block * this.#stride + stampAt] = stamp;
  }

  holds(block: number, slot: number): boolean {
    return ((this.#records[this.setOf(block) + (slot >>> 5)] as number) & (1 << (slot & 31))) !== 0;
  }

  hold(block: number, slot: number): void {
    const at = this.setOf(block) + (slot >>> 5);
    this.#records[at] = (this.#records[at] as number) | (1 << (slot & 31));
  }

  /** Takes a server out of a block's set; the block goes with the last one. */
  release(block: number, slot: number): void {
    const first = this.setOf(block);
    const at = first + (slot >>> 5);
    this.#records[at] = (this.#records[at] as number) & ~(1 << (slot & 31));
    for (let i = first; i < first + this.#setWords; i++) if (this.#records[i] !== 0) return;
    this.#remove(block);
  }

  /** Makes room for a slot in all sets; false: there are no bytes for it. */
  makeRoom(slot: number): boolean {
    const wanted = (slot >>> 5) + 1;
    if (wanted <= this.#setWords) return true;
    const before = this.#stride;
    const setWords = 2 ** Math.ceil(Math.log2(wanted));
    if (!this.#budget.take(this.#capacity * (setWords - this.#setWords) * bytesPerWord)) return false;
    this.#setWords = setWords;
    const records = new Int32Array(this.#capacity * this.#stride);
    for (let block = 0; block < this.#fresh; block++) records.set(this.#records.subarray(block * before, (block + 1) * before), block * this.#stride);
    this.#records = records;
    return true;
  }

  /** Gives all bytes back. */
  clear(): void {
    this.#budget.take(-this.bytes);
    this.#capacity = this.#size = this.#fresh = 0;
    this.#free = none;
    this.#places = new Int32Array(0);
    this.#records = new Int32Array(0);
  }

  #grow(): boolean {
    const capacity = Math.max(firstCapacity, this.#capacity * 2);
    if (!this.#budget.take((capacity - this.#capacity) * this.#blockBytes)) return false;
    const records = new Int32Array(capacity * this.#stride);
    records.set(this.#records);
    this.#records = records;
    this.#places = new Int32Array(placesPerBlock * capacity).fill(none);
    this.#capacity = capacity;
    // There is no free block when the table grows: all up to `fresh` are there.
    for (let block = 0; block < this.#fresh; block++) this.#place(block, records[block * this.#stride + lowAt] as number);
    return true;
  }

  #place(block: number, low: number): void {
    const mask = this.#places.length - 1;
    let at = low & mask;
    while (this.#places[at] !== none) at = (at + 1) & mask;
    this.#places[at] = block;
  }

  /** Empties the block's place, and moves up those after it that would not be found any more (Knuth, volume 3, algorithm 6.4 R). */
  #remove(block: number): void {
    const places = this.#places;
    const stride = this.#stride;
    const mask = places.length - 1;
    let hole = (this.#records[block * stride + lowAt] as number) & mask;
    while (places[hole] !== block) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; places[at] !== none; at = (at + 1) & mask) {
      const home = (this.#records[(places[at] as number) * stride + lowAt] as number) & mask;
      // From its home on, is the hole reached before the place?
      if (((hole - home) & mask) < ((at - home) & mask)) {
        places[hole] = places[at] as number;
        hole = at;
      }
    }
    places[hole] = none;
    this.setStamp(block, this.#free);
    this.#free = block;
    this.#size--;
  }
}
