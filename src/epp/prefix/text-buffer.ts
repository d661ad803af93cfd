import type { PromptHasher } from './prompt-hasher.ts';

/** Bytes that are hashed together: little enough to stay in the processor's first cache between being written and being hashed. */
const capacity = 16 * 1024;
/** A character may be written when there is room for one byte only, and blocks are filled up with zeros. */
const margin = 16;

/**
 * Where text is put down until it is hashed. One for many hashers: whoever writes first calls `lend`, and `giveBack` before another
 * hasher's turn; in between all of it belongs to one hasher.
 */
export class TextBuffer {
  readonly bytes: Uint8Array;
  /** Of the same memory, for stores at any offset. */
  readonly view: DataView;
  /** Of the same memory. */
  readonly words: Int32Array;
  /** Bytes written, by whoever writes. At `limit` or above `drain` has to be called. */
  at = 0;
  readonly limit: number;
  #hasher: PromptHasher | undefined;

  /** @param blockBytes of the largest block that is hashed in it */
  constructor(blockBytes: number) {
    this.limit = Math.max(capacity, 2 * blockBytes);
    const memory = new ArrayBuffer(this.limit + margin);
    this.bytes = new Uint8Array(memory);
    this.view = new DataView(memory);
    this.words = new Int32Array(memory);
  }

  lend(hasher: PromptHasher): void {
    if (this.#hasher === hasher) return;
    this.giveBack();
    this.#hasher = hasher;
    hasher.resume(this);
  }

  giveBack(): void {
    this.#hasher?.suspend(this);
    this.#hasher = undefined;
    this.at = 0;
  }

  put(byte: number): void {
    if (this.at >= this.limit) this.drain();
    this.bytes[this.at++] = byte;
  }

  /** Writes a character from U+0080 to U+FFFF as UTF-8. */
  putBasic(code: number): void {
    if (this.at >= this.limit) this.drain();
    const { bytes } = this;
    let { at } = this;
    if (code < 0x800) {
      bytes[at++] = 0xc0 | (code >> 6);
    } else {
      bytes[at++] = 0xe0 | (code >> 12);
      bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
    }
    bytes[at++] = 0x80 | (code & 0x3f);
    this.at = at;
  }

  /** Makes room: at least half of it. */
  drain(): void {
    if (this.#hasher === undefined) this.at = 0;
    else this.#hasher.take(this);
  }
}
