/**
 * Hashes of 64 bits, as two halves of 32, without BigInt: xxHash32's rounds in four lanes, each of which takes in its neighbour after every
 * word as in MurmurHash3, so that no difference stays within 32 bits. Not for cryptography: whoever makes prompts that collide on purpose
 * gets a worse placement for them.
 *
 *     words  w0 w1 w2 w3 │ w4 w5 w6 w7 │ …          lanes  a b c d  ──►  low, high
 *            a  b  c  d    a  b  c  d
 */

const P1 = 0x9e3779b1 | 0;
const P2 = 0x85ebca77 | 0;
const P3 = 0xc2b2ae3d | 0;
const P4 = 0x27d4eb2f;

/**
 * Writes the hash of `words[from]` to `words[to - 1]` to `out[at]` and `out[at + 1]`. The number of words is a multiple of four: what is shorter
 * is filled up with zeros, and `bytes`, the length without them, is part of the hash.
 */
export function hashWords(words: Int32Array, from: number, to: number, bytes: number, out: Uint32Array, at: number): void {
  let a = P1;
  let b = P2;
  let c = P3;
  let d = P4;
  for (let i = from; i < to; i += 4) {
    a = (a + Math.imul(words[i] as number, P2)) | 0;
    a = (Math.imul((a << 13) | (a >>> 19), P1) + b) | 0;
    b = (b + Math.imul(words[i + 1] as number, P2)) | 0;
    b = (Math.imul((b << 13) | (b >>> 19), P1) + c) | 0;
    c = (c + Math.imul(words[i + 2] as number, P2)) | 0;
    c = (Math.imul((c << 13) | (c >>> 19), P1) + d) | 0;
    d = (d + Math.imul(words[i + 3] as number, P2)) | 0;
    d = (Math.imul((d << 13) | (d >>> 19), P1) + a) | 0;
  }
  join(a, b, c, d ^ bytes, out, at);
}

/** Writes to `out[at]` and `out[at + 1]` the hash of one hash after another: of (`firstLow`, `firstHigh`), then (`low`, `high`). */
export function chainHash(firstLow: number, firstHigh: number, low: number, high: number, out: Uint32Array, at: number): void {
  join(Math.imul(firstLow, P1) ^ P3, Math.imul(firstHigh, P2), Math.imul(low, P3), Math.imul(high, P4) ^ P1, out, at);
}

function join(a: number, b: number, c: number, d: number, out: Uint32Array, at: number): void {
  const sum = (a + b + c + d) | 0;
  const f = finish((b + sum) | 0);
  const low = (finish(sum) + f + finish(((c + sum) | 0) ^ P1) + finish(((d + sum) | 0) ^ P2)) | 0;
  out[at] = low;
  out[at + 1] = finish((f + low) | 0);
}

/** Each bit of the result hangs on each bit of `h` (MurmurHash3's finalizer). */
function finish(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b | 0);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35 | 0);
  return h ^ (h >>> 16);
}
