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
