import { chainHash, hashWords } from './block-hash.ts';

/**
 * A prompt cut into blocks of equal length, each with a hash that stands for it and for all before it: prompts that begin alike have
 * equal hashes at the beginning. The last block may be short.
 */
export interface PromptDigest {
  /** Two 32-bit halves a block: `hashes[2i]`, `hashes[2i + 1]`. */
  readonly hashes: Uint32Array;
  readonly blocks: number;
  /** Tokens of a whole block, as estimated. */
  readonly blockTokens: number;
}

/** A prompt cut into blocks, each with a hash of its own text. What it is a prompt for need not be known yet. */
export interface PromptBlocks {
  /** Two 32-bit halves a block. */
  readonly contents: Uint32Array;
  readonly blocks: number;
  readonly blockTokens: number;
}

/**
 * Chains blocks from what they are for: servers share nothing between models, nor between cache salts.
 * @param model that the server is asked for
 * @param cacheSalt '' for none
 */
export function promptDigest({ contents, blocks, blockTokens }: PromptBlocks, model: string, cacheSalt: string): PromptDigest {
  const hashes = new Uint32Array(2 * blocks);
  const seed = new Uint32Array(2);
  hashSeed(model, cacheSalt, seed);
  let low = seed[0] as number;
  let high = seed[1] as number;
  for (let i = 0; i < 2 * blocks; i += 2) {
    chainHash(low, high, contents[i] as number, contents[i + 1] as number, hashes, i);
    low = hashes[i] as number;
    high = hashes[i + 1] as number;
  }
  return { hashes, blocks, blockTokens };
}

/** Both lengths are part of it, so that (ab, c) is not (a, bc). */
function hashSeed(model: string, cacheSalt: string, out: Uint32Array): void {
  const modelBytes = Buffer.byteLength(model);
  const saltBytes = Buffer.byteLength(cacheSalt);
  const bytes = modelBytes + saltBytes;
  const words = new Int32Array(((bytes + 15) >> 4) * 4);
  const buffer = Buffer.from(words.buffer);
  buffer.write(model, 0);
  buffer.write(cacheSalt, modelBytes);
  hashWords(words, 0, words.length, bytes, out, 0);
  chainHash(out[0] as number, out[1] as number, modelBytes, saltBytes, out, 0);
}
