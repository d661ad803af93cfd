import { hash } from 'node:crypto';

/** Characters of a content hash: 96 bits, so that two of a billion contents meet with a chance of 10⁻¹¹. */
const HASH_CHARS = 16;

/** Names a content: equal contents have equal hashes, on every machine. It costs about 0.4 µs and 0.6 µs a KB. */
export function contentHash(content: string | Uint8Array): string {
  return hash('sha1', content, 'base64url').slice(0, HASH_CHARS);
}
