/** Numbers of a queue's element: block, and when it was put there. */
const elementWords = 2;
const bytesPerWord = 4;
const firstLength = 64;

/** The blocks that one server holds, the one that was put there first at the front: a ring that grows. */
export class HeldBlocks {
  #words = new Int32Array(0);
  #front = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Bytes of the ring. */
  get bytes(): number {
    return this.#words.length * bytesPerWord;
  }

  /** Bytes that one more element costs: 0 as long as there is room. */
  get growth(): number {
    return this.#length * elementWords < this.#words.length ? 0 : Math.max(firstLength * elementWords, this.#words.length) * bytesPerWord;
  }

  push(block: number, stamp: number): void {
    if (this.growth > 0) this.#grow();
    const at = ((this.#front + this.#length++) * elementWords) % this.#words.length;
    this.#words[at] = block;
    this.#words[at + 1] = stamp;
  }

  /** The block at the front, and when it was put there. There must be one. */
  get front(): { readonly block: number; readonly stamp: number } {
    const at = this.#front * elementWords;
    return { block: this.#words[at] as number, stamp: this.#words[at + 1] as number };
  }

  shift(): void {
    this.#front = (this.#front + 1) % (this.#words.length / elementWords);
    this.#length--;
  }

  #grow(): void {
    const before = this.#words;
    const capacity = before.length / elementWords;
    const words = new Int32Array(before.length + this.growth / bytesPerWord);
    const cut = Math.min(this.#length, capacity - this.#front);
    words.set(before.subarray(this.#front * elementWords, (this.#front + cut) * elementWords));
    words.set(before.subarray(0, (this.#length - cut) * elementWords), cut * elementWords);
    this.#words = words;
    this.#front = 0;
  }
}
