import type { Endpoint } from '../endpoints/endpoint.ts';
import { BlockTable, none } from './block-table.ts';
import type { ByteBudget } from './byte-budget.ts';
import { HeldBlocks } from './held-blocks.ts';
import type { PrefixMatch } from './prefix-match.ts';
import type { PromptDigest } from './prompt-digest.ts';

/** Blocks that are fetched from memory together. */
const fetched = 16;

export interface PrefixIndexOptions {
  readonly budget: ByteBudget;
  /** Blocks that are remembered of a server that does not say how many it has. */
  readonly blocksPerServer: number;
  /** Remember as many as the server says that it has. */
  readonly autoTune: boolean;
}

/**
 * Which servers of a pool were sent which prompts, block by block, bounded for each server by what it can hold, and for all by bytes.
 *
 *     block table: hash ─► {servers}, when it was used last
 *     each server: its blocks in the order in which they came, as a queue
 *
 * A server that is full forgets what is at the front of its queue, unless that was used since it was put there: then it goes to the back. That is
 * "second chance", which forgets nearly what an exact LRU would, without a list for each server and block. The end of a prompt is queued before its
 * beginning, and so is forgotten before it, as in the servers themselves: a beginning without an end is worth something, the other way round it is not.
 */
export class PrefixIndex {
  readonly #options: PrefixIndexOptions;
  readonly #blocks: BlockTable;
  readonly #held: (HeldBlocks | undefined)[] = [];
  /** Of `fetch`. */
  #seen = 0;
  /** Counts what was added: the time by which blocks are used. */
  #now = 0;
  /** Blocks of prompts that were looked up, and those of them that some server held. */
  readonly lookups = { blocks: 0, hits: 0 };

  constructor(options: PrefixIndexOptions) {
    this.#options = options;
    this.#blocks = new BlockTable(options.budget);
  }

  /** Blocks that some server holds. */
  get size(): number {
    return this.#blocks.size;
  }

  get bytes(): number {
    return this.#held.reduce((bytes, held) => bytes + (held?.bytes ?? 0), this.#blocks.bytes);
  }

  /** Blocks that a server is thought to hold. */
  heldBy(slot: number): number {
    return this.#held[slot]?.length ?? 0;
  }

  /** How far each of these servers holds the prompt's beginning without a gap. */
  match(digest: PromptDigest, candidates: readonly Endpoint[]): PrefixMatch {
    const matched = new Uint32Array(this.#held.length);
    const words = this.#blocks.setWords;
    const alive = new Int32Array(words);
    for (const { slot } of candidates) if (slot < this.#held.length) alive[slot >>> 5] = (alive[slot >>> 5] as number) | (1 << (slot & 31));
    const { records } = this.#blocks;
    let i = 0;
    for (let any = alive.some((word) => word !== 0); i < digest.blocks && any; i++) {
      if (i % fetched === 0) this.#seen ^= this.#blocks.fetch(digest.hashes, i, Math.min(i + fetched, digest.blocks));
      const block = this.#blocks.find((digest.hashes[2 * i] as number) | 0, (digest.hashes[2 * i + 1] as number) | 0);
      const set = block === none ? 0 : this.#blocks.setOf(block);
      any = false;
      for (let w = 0; w < words; w++) {
        const before = alive[w] as number;
        if (before === 0) continue;
        const after = block === none ? 0 : before & (records[set + w] as number);
        if (after !== before) note(matched, before & ~after, w, i);
        alive[w] = after;
        any ||= after !== 0;
      }
    }
    for (let w = 0; w < words; w++) note(matched, alive[w] as number, w, i);
    let longest = 0;
    for (let slot = 0; slot < matched.length; slot++) if ((matched[slot] as number) > longest) longest = matched[slot] as number;
    this.lookups.blocks += digest.blocks;
    this.lookups.hits += longest;
    return { totalBlocks: digest.blocks, blockTokens: digest.blockTokens, matchedBlocks: ({ slot }) => matched[slot] ?? 0 };
  }

  /** A server is sent this prompt: from now on it is thought to hold all of it. */
  add(digest: PromptDigest, { slot, metrics }: Pick<Endpoint, 'slot' | 'metrics'>): void {
    if (!this.#blocks.makeRoom(slot)) return;
    const held = this.#queueOf(slot);
    const now = ++this.#now;
    const capacity = this.#capacity(metrics, digest.blockTokens);
    // Of a prompt that is longer than the server can hold, the beginning counts.
    for (let i = Math.min(digest.blocks, capacity) - 1; i >= 0; i--) {
      const low = (digest.hashes[2 * i] as number) | 0;
      const high = (digest.hashes[2 * i + 1] as number) | 0;
      let block = this.#blocks.find(low, high);
      if (block === none) block = this.#make(low, high, slot, now);
      if (block === none) return;
      this.#blocks.setStamp(block, now);
      if (this.#blocks.holds(block, slot)) continue;
      // Where the queue cannot grow, one goes for one that comes.
      if (held.growth > 0 && !this.#options.budget.take(held.growth) && !this.#evict(slot)) return this.#blocks.release(block, slot);
      this.#blocks.hold(block, slot);
      held.push(block, now);
      while (held.length > capacity && this.#evict(slot)) {}
    }
  }

  /** The server is gone; its slot will be another's. */
  removeEndpoint(slot: number): void {
    const held = this.#held[slot];
    if (held === undefined) return;
    for (; held.length > 0; held.shift()) this.#blocks.release(held.front.block, slot);
    this.#options.budget.take(-held.bytes);
    this.#held[slot] = undefined;
  }

  /** Forgets everything. */
  clear(): void {
    for (let slot = 0; slot < this.#held.length; slot++) this.removeEndpoint(slot);
    this.#blocks.clear();
  }

  #queueOf(slot: number): HeldBlocks {
    while (this.#held.length <= slot) this.#held.push(undefined);
    return (this.#held[slot] ??= new HeldBlocks());
  }

  #capacity({ blocks, blockSize }: Endpoint['metrics'], blockTokens: number): number {
    const { autoTune, blocksPerServer } = this.#options;
    return autoTune && blocks > 0 && blockSize > 0 ? Math.max(1, Math.floor((blocks * blockSize) / blockTokens)) : blocksPerServer;
  }

  /** A new block; where there are no bytes for one, the server that adds gives up what it used longest ago, or else who has most. */
  #make(low: number, high: number, slot: number, now: number): number {
    for (;;) {
      const block = this.#blocks.add(low, high);
      if (block !== none) return block;
      const own = this.#held[slot];
      const hasOlder = own !== undefined && own.length > 0 && own.front.stamp !== now;
      if (!this.#evict(hasOlder ? slot : this.#fullest())) return none;
    }
  }

  #fullest(): number {
    let fullest = 0;
    for (let slot = 1; slot < this.#held.length; slot++) if (this.heldBy(slot) > this.heldBy(fullest)) fullest = slot;
    return fullest;
  }

  /** Has a server forget one block; false: it holds none. */
  #evict(slot: number): boolean {
    const held = this.#held[slot];
    if (held === undefined) return false;
    // Each block gets one second chance at the most in one go: what was used in this very turn would have it again and again.
    for (let chances = held.length; held.length > 0; chances--) {
      const { block, stamp } = held.front;
      held.shift();
      const used = this.#blocks.stamp(block);
      if (used === stamp || chances <= 0) {
        this.#blocks.release(block, slot);
        return true;
      }
      held.push(block, used);
    }
    return false;
  }
}

/** Writes `length` for each slot whose bit is set in word `w`. */
function note(matched: Uint32Array, bits: number, w: number, length: number): void {
  for (let rest = bits; rest !== 0; ) {
    const lowest = rest & -rest;
    matched[w * 32 + (31 - Math.clz32(lowest))] = length;
    rest ^= lowest;
  }
}
