import type { Endpoint } from '../endpoints/endpoint.ts';

/** How much of a prompt's beginning each server is thought to have in its cache. */
export interface PrefixMatch {
  /** Of the prompt. */
  readonly totalBlocks: number;
  readonly blockTokens: number;
  /** Blocks from the beginning on without a gap. */
  matchedBlocks(endpoint: Endpoint): number;
}
