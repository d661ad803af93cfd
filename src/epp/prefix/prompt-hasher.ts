import { chainHash, hashWords } from './block-hash.ts';
import type { TextBuffer } from './text-buffer.ts';

/** Of text, by upstream's estimate, which is the one that thresholds in tokens are meant for. */
export const bytesPerToken = 4;

export interface BlockOptions {
  /** Tokens of a block, a multiple of 4. */
  readonly blockTokens: number;
  /** Blocks that are hashed; what comes after them only counts. */
  readonly maxBlocks: number;
}

/** Throws a RangeError when blocks of these sizes cannot be hashed. */
export function checkBlockOptions({ blockTokens, maxBlocks }: BlockOptions): void {
  if (!Number.isInteger(blockTokens) || blockTokens < 4 || blockTokens > 65_536 || blockTokens % 4 !== 0) {
    throw new RangeError(`blockTokens: ${blockTokens} is not a multiple of 4 from 4 to 65536`);
  }
  if (!Number.isInteger(maxBlocks) || maxBlocks < 0) throw new RangeError(`maxBlocks: ${maxBlocks} is not a whole number from 0 on`);
}

/**
 * Hashes text block by block while it arrives. Blocks are not chained yet: what the chain begins with, model and salt, may come after the
 * text, and `promptDigest` chains them in no time. Holds two numbers a block and the beginning of one more.
 *
 *     text  ├─ block 0 ─┤├─ block 1 ─┤├─ bl      take: whole blocks ─► contents; the rest moves to the buffer's front
 */
export class PromptHasher {
  readonly #blockBytes: number;
  readonly #maxBlocks: number;
  /** Two halves a block. */
  #contents = new Uint32Array(16);
  #blocks = 0;
  /** Bytes of blocks that were taken, hashed or not. */
  #taken = 0;
  /** What belongs to no whole block yet, while another hasher uses the buffer. */
  #pending: Uint8Array | undefined;
  #pendingBytes = 0;

  constructor({ blockTokens, maxBlocks }: BlockOptions) {
    this.#blockBytes = blockTokens * bytesPerToken;
    this.#maxBlocks = maxBlocks;
  }

  /** Whole blocks, and the last one if `finish` was called. */
  get blocks(): number {
    return this.#blocks;
  }

  /** Bytes of text, those in a buffer that is lent left out. */
  get bytes(): number {
    return this.#taken + this.#pendingBytes;
  }

  /** Two halves a block, valid until more text comes. */
  get contents(): Uint32Array {
    return this.#contents.subarray(0, 2 * this.#blocks);
  }

  /** Forgets all text. */
  reset(): void {
    this.#blocks = 0;
    this.#taken = 0;
    this.#pendingBytes = 0;
  }

  resume(buffer: TextBuffer): void {
    if (this.#pending !== undefined) buffer.bytes.set(this.#pending.subarray(0, this.#pendingBytes));
    buffer.at = this.#pendingBytes;
    this.#pendingBytes = 0;
  }

  suspend(buffer: TextBuffer): void {
    this.take(buffer);
    this.#pendingBytes = buffer.at;
    if (buffer.at === 0) return;
    this.#pending ??= Buffer.allocUnsafe(this.#blockBytes);
    this.#pending.set(buffer.bytes.subarray(0, buffer.at));
  }

  /** Hashes what whole blocks there are in `buffer`, and moves the rest to its front. */
  take(buffer: TextBuffer): void {
    const size = this.#blockBytes;
    const whole = buffer.at - (buffer.at % size);
    for (let from = 0; from < whole && this.#blocks < this.#maxBlocks; from += size) {
      const at = this.#place();
      hashWords(buffer.words, from >> 2, (from + size) >> 2, size, this.#contents, at);
    }
    if (whole === 0) return;
    buffer.bytes.copyWithin(0, whole, buffer.at);
    buffer.at -= whole;
    this.#taken += whole;
  }

  /** Hashes what is left as the last, shorter block. `buffer` is lent to nobody. Nothing may follow. */
  finish(buffer: TextBuffer): void {
    if (this.#pendingBytes === 0) return;
    this.resume(buffer);
    this.#taken += buffer.at;
    if (this.#blocks < this.#maxBlocks) {
      const end = (buffer.at + 15) & ~15;
      buffer.bytes.fill(0, buffer.at, end);
      const at = this.#place();
      hashWords(buffer.words, 0, end >> 2, buffer.at, this.#contents, at);
    }
    buffer.at = 0;
  }

  /** Writes one hash for all blocks to `out[0]` and `out[1]`. */
  fold(out: Uint32Array): void {
    const contents = this.#contents;
    out.fill(this.#taken);
    for (let i = 0; i < 2 * this.#blocks; i += 2) {
      chainHash(out[0] as number, out[1] as number, contents[i] as number, contents[i + 1] as number, out, 0);
    }
  }

  /** Where the next block's hash goes. */
  #place(): number {
    const at = 2 * this.#blocks++;
    if (at >= this.#contents.length) {
      const longer = new Uint32Array(2 * this.#contents.length);
      longer.set(this.#contents);
      this.#contents = longer;
    }
    return at;
  }
}
