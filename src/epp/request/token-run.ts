import type { TextBuffer } from '../prefix/text-buffer.ts';

/**
 * Writes token ids to `text` as words of 32 bits, as long as each has up to nine digits, no zero before them, and a comma after them.
 * @param at where the first one begins
 * @returns the offset after the last comma; `at` if there is no such number
 */
export function copyTokens(chunk: Uint8Array, at: number, text: TextBuffer): number {
  const end = chunk.length;
  let from = at;
  let token = 0;
  for (let i = at; i < end; i++) {
    const digit = (chunk[i] as number) - 0x30;
    if (digit >= 0 && digit <= 9) {
      token = (Math.imul(token, 10) + digit) | 0;
      continue;
    }
    const digits = i - from;
    if (chunk[i] !== 0x2c || digits === 0 || digits > 9 || (digits > 1 && chunk[from] === 0x30)) break;
    if (text.at >= text.limit) text.drain();
    text.view.setInt32(text.at, token, true);
    text.at += 4;
    token = 0;
    from = i + 1;
  }
  return from;
}
