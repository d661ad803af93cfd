/** Finds words among bytes without making strings of them. */
export class Keywords {
  /** By length. */
  readonly #words: (readonly [bytes: Uint8Array, value: number])[][] = [];

  /** @param words with the number that stands for each, not 0 */
  constructor(words: Readonly<Record<string, number>>) {
    for (const [word, value] of Object.entries(words)) {
      const bytes = Buffer.from(word);
      (this.#words[bytes.length] ??= []).push([bytes, value]);
    }
  }

  /** @returns the number of the word that `bytes` begins with; 0: there is none of that length */
  find(bytes: Uint8Array, length: number): number {
    const candidates = this.#words[length];
    if (candidates === undefined) return 0;
    for (const [word, value] of candidates) {
      let at = 0;
      while (at < length && word[at] === bytes[at]) at++;
      if (at === length) return value;
    }
    return 0;
  }
}
