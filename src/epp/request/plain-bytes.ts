/**
 * The hot loops of the JSON scanner. A byte of a JSON string is plain unless it is a quote, a backslash or a control character. Sixteen bytes
 * are looked at at once, four in a word:
 *
 *     (w ^ 02) - 21   borrows for 00–1f and, as 22 ^ 02 is 20, for the quote, but not for the space, which becomes 22
 *     (w ^ 5c) - 01   borrows for the backslash
 *     … & ~w & 80     the borrow has set a high bit that was not set before
 *
 * in each byte. A borrow into the next byte may give a false alarm there, after a true one only. Offsets are kept as 32-bit integers by `| 0`:
 * V8 makes loops of it that are a quarter faster.
 */

/**
 * Copies plain bytes from `source[at…end)` to `target[to…)`, which has room for them.
 * @returns how many: up to the first byte that is not plain, or up to `end`
 */
export function copyPlain(source: DataView, at: number, end: number, target: DataView, to: number): number {
  at |= 0;
  to |= 0;
  const begin = at;
  const last = (end - 16) | 0;
  while (at <= last) {
    const w0 = source.getInt32(at, true);
    const w1 = source.getInt32(at + 4, true);
    const w2 = source.getInt32(at + 8, true);
    const w3 = source.getInt32(at + 12, true);
    target.setInt32(to, w0, true);
    target.setInt32(to + 4, w1, true);
    target.setInt32(to + 8, w2, true);
    target.setInt32(to + 12, w3, true);
    if (((alarms(w0) | alarms(w1) | alarms(w2) | alarms(w3)) & 0x80808080) !== 0) return at - begin + firstOf(w0, w1, w2, w3);
    at = (at + 16) | 0;
    to = (to + 16) | 0;
  }
  for (; at < end; at++, to++) {
    const byte = source.getUint8(at);
    if (!isPlain(byte)) break;
    target.setUint8(to, byte);
  }
  return at - begin;
}

/** As `copyPlain`, without a copy. */
export function skipPlain(source: DataView, at: number, end: number): number {
  at |= 0;
  const begin = at;
  const last = (end - 16) | 0;
  while (at <= last) {
    const w0 = source.getInt32(at, true);
    const w1 = source.getInt32(at + 4, true);
    const w2 = source.getInt32(at + 8, true);
    const w3 = source.getInt32(at + 12, true);
    if (((alarms(w0) | alarms(w1) | alarms(w2) | alarms(w3)) & 0x80808080) !== 0) return at - begin + firstOf(w0, w1, w2, w3);
    at = (at + 16) | 0;
  }
  while (at < end && isPlain(source.getUint8(at))) at++;
  return at - begin;
}

export function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte !== 0x22 && byte !== 0x5c;
}

/** The high bits of bytes that are not plain, among other bits. */
function alarms(word: number): number {
  return (((word ^ 0x02020202) - 0x21212121) | ((word ^ 0x5c5c5c5c) - 0x01010101)) & ~word;
}

/** Place of the first byte that is not plain; there is one. */
function firstOf(w0: number, w1: number, w2: number, w3: number): number {
  const first = alarms(w0) & 0x80808080;
  if (first !== 0) return lowestByte(first);
  const second = alarms(w1) & 0x80808080;
  if (second !== 0) return 4 + lowestByte(second);
  const third = alarms(w2) & 0x80808080;
  return third !== 0 ? 8 + lowestByte(third) : 12 + lowestByte(alarms(w3) & 0x80808080);
}

function lowestByte(bits: number): number {
  return (31 - Math.clz32(bits & -bits)) >> 3;
}
