import type { Endpoint } from '../endpoints/endpoint.ts';
import { ahead, BlockTable } from './block-table.ts';
import { Holdings } from './holdings.ts';
import type { PrefixMatch } from './prefix-match.ts';
import type { PromptDigest } from './prompt-digest.ts';

export interface PrefixIndexOptions {
  /** Memory of the index, which it never exceeds. All of it is reserved at once, and used as it fills. */
  readonly bytes?: number;
  /** Blocks that a server is thought to have room for, unless `setCapacity` says otherwise. */
  readonly capacity?: number;
  /** Slots that there is room for; with a higher one the index is built anew. A multiple of 32. */
  readonly slots?: number;
}

export const defaultIndexBytes = 128 * 1024 * 1024;
/** As upstream's `lruCapacityPerServer`. */
export const defaultSlotCapacity = 31_250;
const maxSlots = 65_536;
/** Of buckets. */
const load = 0.7;

/** Since the index was made. */
export interface PrefixStatistics {
  readonly matches: number;
  /** Those that found at least one block at one candidate. */
  readonly hits: number;
  /** Blocks that were looked for. */
  readonly blocks: number;
  /** Of these, those that the best candidate had. */
  readonly matchedBlocks: number;
}

/**
 * Which servers are thought to have which blocks of prompts in their caches, because they were given prompts with them. What a server got
 * last it is thought to have, as much as its capacity; of a prompt, the end is forgotten before the beginning, without which it would be
 * worth nothing. When the bytes are used up, the server that most is known of loses what it got longest ago.
 */
export class PrefixIndex {
  readonly #bytes: number;
  readonly #defaultCapacity: number;
  #slots: number;
  #room: number;
  #table: BlockTable;
  #holdings: Holdings;
  /** Of slots that `setCapacity` was called for. */
  readonly #capacities = new Map<number, number>();
  /** Of `match`: the candidates that have had all blocks so far. */
  #alive: Int32Array;
  /** Of `prefetch`. */
  #seen = 0;
  #matches = 0;
  #hits = 0;
  #blocks = 0;
  #matchedBlocks = 0;

  /** Throws a RangeError if the bytes are not enough for a single block. */
  constructor({ bytes = defaultIndexBytes, capacity = defaultSlotCapacity, slots = 128 }: PrefixIndexOptions = {}) {
    this.#bytes = bytes;
    this.#defaultCapacity = capacity;
    this.#slots = slots;
    ({ room: this.#room, table: this.#table, holdings: this.#holdings } = build(bytes, slots));
    this.#alive = new Int32Array(slots >> 5);
  }

  /** Memory that is reserved. */
  get bytes(): number {
    return this.#table.bytes + this.#holdings.bytes;
  }

  /** Pairs of a block and a server that is thought to have it. */
  get size(): number {
    return this.#holdings.size;
  }

  /** Pairs that there is room for. */
  get room(): number {
    return this.#room;
  }

  /** Different blocks. */
  get blocks(): number {
    return this.#table.size;
  }

  get statistics(): PrefixStatistics {
    return { matches: this.#matches, hits: this.#hits, blocks: this.#blocks, matchedBlocks: this.#matchedBlocks };
  }

  /** Blocks of one server. */
  blocksOf(slot: number): number {
    return this.#holdings.counts[slot] ?? 0;
  }

  /** How many blocks from the beginning of a prompt each candidate has. Changes nothing but the statistics. */
  match({ hashes, blocks, blockTokens }: PromptDigest, candidates: readonly Endpoint[]): PrefixMatch {
    const counts = new Uint32Array(this.#slots);
    const alive = this.#alive.fill(0);
    for (const { slot } of candidates) if (slot < this.#slots) alive[slot >> 5] = (alive[slot >> 5] as number) | (1 << (slot & 31));
    const best = this.#walk(hashes, blocks, alive, counts);
    this.#matches++;
    this.#blocks += blocks;
    this.#matchedBlocks += best;
    if (best > 0) this.#hits++;
    return { totalBlocks: blocks, blockTokens, matchedBlocks: ({ slot }) => counts[slot] ?? 0 };
  }

  /** Writes to `counts` at which block each slot falls out of `alive`. @returns the most */
  #walk(hashes: Uint32Array, blocks: number, alive: Int32Array, counts: Uint32Array): number {
    const table = this.#table;
    const { records, words, stride } = table;
    for (let block = 0; block < blocks; block++) {
      if (block % ahead === 0) this.#seen ^= table.prefetch(hashes, 2 * block);
      const record = table.find((hashes[2 * block] as number) | 0, (hashes[2 * block + 1] as number) | 0);
      const base = record * stride + 2;
      let some = 0;
      for (let word = 0; word < words; word++) {
        const before = alive[word] as number;
        if (before === 0) continue;
        const after = record < 0 ? 0 : before & (records[base + word] as number);
        if (after !== before) {
          note(before & ~after, word, block, counts);
          alive[word] = after;
        }
        some |= after;
      }
      if (some === 0) return block;
    }
    for (let word = 0; word < words; word++) note(alive[word] as number, word, blocks, counts);
    return alive.some((bits) => bits !== 0) ? blocks : 0;
  }

  /** The server of `slot` is given a prompt. */
  add({ hashes, blocks }: PromptDigest, slot: number): void {
    if (slot >= this.#slots) this.#grow(slot);
    const capacity = this.#capacityOf(slot);
    for (let block = Math.min(blocks, capacity) - 1; block >= 0; block--) {
      this.#addBlock((hashes[2 * block] as number) | 0, (hashes[2 * block + 1] as number) | 0, slot, capacity);
    }
  }

  #addBlock(low: number, high: number, slot: number, capacity: number): void {
    const table = this.#table;
    const holdings = this.#holdings;
    let record = table.find(low, high);
    if (record >= 0 && holdings.touch(record, slot)) return;
    if ((holdings.counts[slot] as number) >= capacity) this.#forgetOldest(slot);
    else if (holdings.size === this.#room) this.#forgetOldest(this.#largestSlot());
    else if (record >= 0) return this.#hold(record, slot);
    // The block may have been the one that was forgotten.
    record = table.find(low, high);
    this.#hold(record < 0 ? table.add(low, high) : record, slot);
  }

  #hold(record: number, slot: number): void {
    this.#table.hold(record, slot);
    this.#holdings.add(record, slot);
  }

  #forgetOldest(slot: number): void {
    const record = this.#holdings.removeOldest(slot);
    if (record >= 0) this.#table.release(record, slot);
  }

  #largestSlot(): number {
    const { counts } = this.#holdings;
    let largest = 0;
    for (let slot = 1; slot < counts.length; slot++) if ((counts[slot] as number) > (counts[largest] as number)) largest = slot;
    return largest;
  }

  #capacityOf(slot: number): number {
    return this.#capacities.get(slot) ?? this.#defaultCapacity;
  }

  /** Tells how many blocks the server of `slot` has room for; what is too much is forgotten. */
  setCapacity(slot: number, blocks: number): void {
    this.#capacities.set(slot, blocks);
    while (this.blocksOf(slot) > blocks) this.#forgetOldest(slot);
  }

  /** The server of `slot` is gone, or has lost its cache: whoever gets the slot next has nothing. */
  removeEndpoint(slot: number): void {
    this.#capacities.delete(slot);
    this.clearEndpoint(slot);
  }

  /** The server of `slot` has lost its cache. */
  clearEndpoint(slot: number): void {
    while (this.blocksOf(slot) > 0) this.#forgetOldest(slot);
  }

  /** Makes room for more slots within the same bytes. Takes as long as adding everything again. */
  #grow(slot: number): void {
    if (slot >= maxSlots) throw new RangeError(`slot: ${slot} is above ${maxSlots - 1}`);
    const table = this.#table;
    const holdings = this.#holdings;
    const before = this.#slots;
    while (slot >= this.#slots) this.#slots *= 2;
    ({ room: this.#room, table: this.#table, holdings: this.#holdings } = build(this.#bytes, this.#slots));
    this.#alive = new Int32Array(this.#slots >> 5);
    for (let old = 0; old < before; old++) {
      for (const record of holdings.records(old)) {
        const at = record * table.stride;
        this.#addBlock(table.records[at] as number, table.records[at + 1] as number, old, this.#capacityOf(old));
      }
    }
  }
}

function note(dropped: number, word: number, block: number, counts: Uint32Array): void {
  while (dropped !== 0) {
    const bit = 31 - Math.clz32(dropped);
    counts[32 * word + bit] = block;
    dropped ^= 1 << bit;
  }
}

/** Tables that take as many pairs as `bytes` have room for, each of a block of its own if need be. */
function build(bytes: number, slots: number): { room: number; table: BlockTable; holdings: Holdings } {
  const words = slots >> 5;
  if (slots < 32 || slots % 32 !== 0) throw new RangeError(`slots: ${slots} is not a multiple of 32`);
  let room = 0;
  let buckets = 0;
  for (let n = 2; n <= 2 ** 28; n *= 2) {
    const left = Math.floor((bytes - 12 * slots - 8 * n) / (4 * (2 + words) + 14));
    const fits = Math.min(left, Math.floor(load * n));
    if (fits > room) [room, buckets] = [fits, n];
  }
  if (room < 1) throw new RangeError(`bytes: ${bytes} are too few for ${slots} slots`);
  return { room, table: new BlockTable(room, buckets, words), holdings: new Holdings(room, buckets, slots) };
}
