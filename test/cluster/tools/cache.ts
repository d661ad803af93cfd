import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where tools and images that were built once are kept: `$XDG_CACHE_HOME/moongate`, or ~/.cache/moongate. */
export function cacheDir(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const xdg = env['XDG_CACHE_HOME'];
  // The XDG base directory specification: a relative path is invalid and to be ignored.
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), '.cache'), 'moongate');
}

/** A short name for content: the first 12 hex digits of a SHA-256 of JSON. */
export function fingerprint(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);
}
