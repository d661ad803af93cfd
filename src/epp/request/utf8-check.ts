import { isUtf8 } from 'node:buffer';

/** Says whether bytes that arrive in pieces are UTF-8, a character in two pieces included. */
export class Utf8Check {
  /** Beginning of a character that the last piece was cut in. */
  #cut = Buffer.alloc(4);
  #cutBytes = 0;

  /** @returns false: not UTF-8, whatever comes */
  push(chunk: Uint8Array): boolean {
    let from = 0;
    if (this.#cutBytes > 0) {
      const wanted = sequenceLength(this.#cut[0] as number);
      while (from < chunk.length && this.#cutBytes < wanted) this.#cut[this.#cutBytes++] = chunk[from++] as number;
      if (this.#cutBytes < wanted) return true;
      this.#cutBytes = 0;
      if (!isUtf8(this.#cut.subarray(0, wanted))) return false;
    }
    const end = chunk.length - cutLength(chunk, from);
    for (let i = end; i < chunk.length; i++) this.#cut[this.#cutBytes++] = chunk[i] as number;
    return isUtf8(from === 0 && end === chunk.length ? chunk : chunk.subarray(from, end));
  }

  /** @returns false: it ends within a character */
  end(): boolean {
    return this.#cutBytes === 0;
  }
}

/** Bytes at the end that begin a character and do not complete it. */
function cutLength(chunk: Uint8Array, from: number): number {
  for (let back = 1; back <= 3 && chunk.length - back >= from; back++) {
    const byte = chunk[chunk.length - back] as number;
    if (byte >= 0xc0) return sequenceLength(byte) > back ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

/** By a character's first byte; of an impossible one it does not matter. */
function sequenceLength(first: number): number {
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}
