import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Withdrawn } from '../xds/server/rejections.ts';

/** An object that Envoy refused for certain. */
export type Remembered = Pick<Withdrawn, 'owner' | 'version' | 'message'>;

/**
 * Reads what an earlier control plane had found out. Without it, one that starts beside a running Envoy would send the bad
 * object again and have every object under suspicion, good ones included. A file that cannot be read is as good as none.
 */
export function readRejections(path: string): readonly Remembered[] {
  try {
    const found: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Array.isArray(found) ? found.filter(isRemembered) : [];
  } catch {
    return [];
  }
}

/** Replaces the file at once, or throws. */
export function writeRejections(path: string, withdrawn: Iterable<Withdrawn>): void {
  const certain = [...withdrawn].filter(({ provisional }) => !provisional);
  const temporary = `${path}.new`;
  writeFileSync(temporary, JSON.stringify(certain.map(({ owner, version, message }) => ({ owner, version, message }))), { mode: 0o600 });
  renameSync(temporary, path);
}

function isRemembered(value: unknown): value is Remembered {
  if (typeof value !== 'object' || value === null) return false;
  const { owner, version, message } = value as Record<string, unknown>;
  return typeof owner === 'string' && typeof version === 'string' && typeof message === 'string';
}
