import type { Endpoint } from '../endpoints/endpoint.ts';
import type { PrefixMatch } from './prefix-match.ts';
import type { PromptDigest } from './prompt-digest.ts';

/** Remembers which server was sent which prompts. Its memory is bounded; what was not used for longest is forgotten. */
export interface PrefixIndex {
  match(digest: PromptDigest, candidates: readonly Endpoint[]): PrefixMatch;
  add(digest: PromptDigest, slot: number): void;
  removeEndpoint(slot: number): void;
}
