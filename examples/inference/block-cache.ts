import { hash } from 'node:crypto';

/** Letters that count as one token, roughly as in English. */
export const LETTERS_PER_TOKEN = 4;

/** Tokens of a text, as estimated. */
export function tokensOf(text: string): number {
  return Math.ceil(text.length / LETTERS_PER_TOKEN);
}

/**
 * Names of the whole blocks of a prompt: each stands for the block and all before it, so prompts that begin alike share names. `salt` keeps
 * models apart.
 */
export function blockNames(prompt: string, blockTokens: number, salt: string): string[] {
  const length = blockTokens * LETTERS_PER_TOKEN;
  const names: string[] = [];
  for (let end = length, before = salt; end <= prompt.length; end += length) {
    before = hash('sha1', `${before} ${prompt.slice(end - length, end)}`, 'base64');
    names.push(before);
  }
  return names;
}

/** The KV cache of a model server: blocks of prompts that are being worked on, and of earlier ones, of which the longest unused go first. */
export class BlockCache {
  readonly #capacity: number;
  /** How many sequences use a block. */
  readonly #used = new Map<string, number>();
  /** Blocks that nobody uses, the longest unused first. */
  readonly #idle = new Set<string>();
  /** Blocks in use that nobody else could use: answers, and beginnings of blocks. */
  #unnamed = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The share that is in use, 0 to 1. */
  get usage(): number {
    return (this.#used.size + this.#unnamed) / this.#capacity;
  }

  /** Whether a sequence could ever be taken in. */
  fits(blocks: number): boolean {
    return blocks <= this.#capacity;
  }

  /** Takes blocks in use, `unnamed` others with them. Returns how many at the beginning were there already; undefined: there is no room now. */
  take(names: readonly string[], unnamed: number): number | undefined {
    let fresh = unnamed;
    for (const name of names) if (!this.#used.has(name)) fresh++;
    if (this.#used.size + this.#unnamed + fresh > this.#capacity) return undefined;
    let cached = 0;
    while (cached < names.length && this.#has(names[cached] ?? '')) cached++;
    for (const name of names) {
      this.#idle.delete(name);
      this.#used.set(name, (this.#used.get(name) ?? 0) + 1);
    }
    this.#unnamed += unnamed;
    for (const name of this.#idle) {
      if (this.#used.size + this.#unnamed + this.#idle.size <= this.#capacity) break;
      this.#idle.delete(name);
    }
    return cached;
  }

  /** Gives back what `take` took. Named blocks stay until their room is needed: those at the end of a prompt go before those at its beginning. */
  give(names: readonly string[], unnamed: number): void {
    this.#unnamed -= unnamed;
    for (const name of names.toReversed()) {
      const users = (this.#used.get(name) ?? 1) - 1;
      if (users > 0) this.#used.set(name, users);
      else {
        this.#used.delete(name);
        this.#idle.add(name);
      }
    }
  }

  #has(name: string): boolean {
    return this.#used.has(name) || this.#idle.has(name);
  }
}
