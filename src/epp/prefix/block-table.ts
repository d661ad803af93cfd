import type { ByteBudget } from './byte-budget.ts';

const firstCapacity = 1_024;
const bytesPerWord = 4;
/** Of a block: two halves of its hash, its stamp. */
const fixedWords = 3;
/** Places of the hash table for each block: at most half of them are taken. */
const placesPerBlock = 2;

/** No block. */
export const none = 0xffffffff;

/**
 * Blocks by hash, each with the set of servers that hold it, in typed arrays.
 *
 *     hash ─► places (open addressing, linear) ─► block: hash, stamp, set of slots
 *
 * Blocks are numbers that stay while a block is there; a free one is given out again.
 */
export class BlockTable {
  readonly #budget: ByteBudget;
  #capacity = 0;
  #size = 0;
  /** Words of a set. */
  #setWords = 1;
  #places = new Uint32Array(0);
  #hashes = new Uint32Array(0);
  #stamps = new Uint32Array(0);
  #sets = new Uint32Array(0);
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

  get setWords(): number {
    return this.#setWords;
  }

  /** The sets, `setWords` for each block. Not to be kept over `add` and `makeRoom`. */
  get sets(): Uint32Array {
    return this.#sets;
  }

  get #blockBytes(): number {
    return (fixedWords + this.#setWords + placesPerBlock) * bytesPerWord;
  }

  find(low: number, high: number): number {
    const places = this.#places;
    if (places.length === 0) return none;
    const mask = places.length - 1;
    for (let at = low & mask; ; at = (at + 1) & mask) {
      const block = places[at] as number;
      if (block === none || (this.#hashes[2 * block] === low && this.#hashes[2 * block + 1] === high)) return block;
    }
  }

  /** A new block that nobody holds; `none`: there is no room. The hash must not be there. */
  add(low: number, high: number): number {
    if (this.#free === none && this.#fresh === this.#capacity && !this.#grow()) return none;
    const block = this.#free === none ? this.#fresh++ : this.#free;
    if (block === this.#free) this.#free = this.#stamps[block] as number;
    this.#hashes[2 * block] = low;
    this.#hashes[2 * block + 1] = high;
    this.#sets.fill(0, block * this.#setWords, (block + 1) * this.#setWords);
    this.#place(block, low);
    this.#size++;
    return block;
  }

  stamp(block: number): number {
    return this.#stamps[block] as number;
  }

  setStamp(block: number, stamp: number): void {
    this.#stamps[block] = stamp;
  }

  holds(block: number, slot: number): boolean {
    return ((this.#sets[block * this.#setWords + (slot >>> 5)] as number) & (1 << (slot & 31))) !== 0;
  }

  hold(block: number, slot: number): void {
    const at = block * this.#setWords + (slot >>> 5);
    this.#sets[at] = (this.#sets[at] as number) | (1 << (slot & 31));
  }

  /** Takes a server out of a block's set; the block goes with the last one. */
  release(block: number, slot: number): void {
    const first = block * this.#setWords;
    const at = first + (slot >>> 5);
    this.#sets[at] = (this.#sets[at] as number) & ~(1 << (slot & 31));
    for (let i = first; i < first + this.#setWords; i++) if (this.#sets[i] !== 0) return;
    this.#remove(block);
  }

  /** Makes room for a slot in all sets; false: there are no bytes for it. */
  makeRoom(slot: number): boolean {
    const wanted = (slot >>> 5) + 1;
    if (wanted <= this.#setWords) return true;
    const setWords = 2 ** Math.ceil(Math.log2(wanted));
    if (!this.#budget.take(this.#capacity * (setWords - this.#setWords) * bytesPerWord)) return false;
    const sets = new Uint32Array(this.#capacity * setWords);
    for (let block = 0; block < this.#fresh; block++) sets.set(this.#sets.subarray(block * this.#setWords, (block + 1) * this.#setWords), block * setWords);
    this.#sets = sets;
    this.#setWords = setWords;
    return true;
  }

  /** Gives all bytes back. */
  clear(): void {
    this.#budget.take(-this.bytes);
    this.#capacity = this.#size = this.#fresh = 0;
    this.#free = none;
    this.#places = new Uint32Array(0);
  }

  #grow(): boolean {
    const capacity = Math.max(firstCapacity, this.#capacity * 2);
    if (!this.#budget.take((capacity - this.#capacity) * this.#blockBytes)) return false;
    this.#hashes = longer(this.#hashes, 2 * capacity);
    this.#stamps = longer(this.#stamps, capacity);
    this.#sets = longer(this.#sets, this.#setWords * capacity);
    this.#places = new Uint32Array(placesPerBlock * capacity).fill(none);
    this.#capacity = capacity;
    // There is no free block when the table grows: all up to `fresh` are there.
    for (let block = 0; block < this.#fresh; block++) this.#place(block, this.#hashes[2 * block] as number);
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
    const mask = places.length - 1;
    let hole = (this.#hashes[2 * block] as number) & mask;
    while (places[hole] !== block) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; places[at] !== none; at = (at + 1) & mask) {
      const home = (this.#hashes[2 * (places[at] as number)] as number) & mask;
      // From its home on, is the hole reached before the place?
      if (((hole - home) & mask) < ((at - home) & mask)) {
        places[hole] = places[at] as number;
        hole = at;
      }
    }
    places[hole] = none;
    this.#stamps[block] = this.#free;
    this.#free = block;
    this.#size--;
  }
}

function longer(array: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const result = new Uint32Array(length);
  result.set(array);
  return result;
}
