import { closeSync, constants, fstatSync, openSync, readFileSync, statSync, type BigIntStats } from 'node:fs';
import { messageOf } from '../../util/error-message.ts';

/** What tells one state of a file from another without reading it. */
export interface Stamp {
  readonly inode: string;
  readonly size: number;
  /** Both the time of the last write and of the last rename or chmod, as text. */
  readonly times: string;
  /** When it was last touched in any way, in ms since 1970. Nobody can set this one. */
  readonly changedMs: number;
  readonly kind: 'file' | 'directory' | 'other';
}

/** What is at a path: a stamp, nothing, or something that cannot be looked at. Symbolic links are followed. */
export type Look = Stamp | 'missing' | { readonly error: string; readonly code: string };

export function lookAt(path: string): Look {
  try {
    return stampOf(statSync(path, { bigint: true }));
  } catch (error) {
    return lookOfError(error);
  }
}

/** Reads a regular file with the stamps before and after, which differ when somebody wrote to it meanwhile. */
export function readStamped(path: string): { readonly bytes: Uint8Array; readonly before: Stamp; readonly after: Stamp } | Exclude<Look, Stamp> {
  let file: number | undefined;
  try {
    // A named pipe would stop the process until somebody writes to it.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const before = stampOf(fstatSync(file, { bigint: true }));
    if (before.kind !== 'file') return { error: 'is not a regular file', code: '' };
    const bytes = readFileSync(file);
    return { bytes, before, after: stampOf(fstatSync(file, { bigint: true })) };
  } catch (error) {
    return lookOfError(error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

export function sameStamp(a: Look | undefined, b: Look | undefined): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || 'error' in a || 'error' in b) return a === b;
  return a.inode === b.inode && a.size === b.size && a.times === b.times;
}

/** Which file or directory a path leads to; empty when to none. */
export function inodeOf(look: Look): string {
  return typeof look === 'object' && 'inode' in look ? look.inode : '';
}

function stampOf(stats: BigIntStats): Stamp {
  return {
    inode: `${stats.dev}:${stats.ino}`,
    size: Number(stats.size),
    times: `${stats.mtimeNs}:${stats.ctimeNs}`,
    changedMs: Number(stats.ctimeNs / 1_000_000n),
    kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other',
  };
}

function lookOfError(error: unknown): Exclude<Look, Stamp> {
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
  return { error: systemMessage(error), code };
}

/** The code of a system error, `ENOENT` for example. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** A system error in words. */
export function systemMessage(error: unknown): string {
  switch (codeOf(error)) {
    case 'ELOOP':
      return 'is a symbolic link that leads back to itself';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    default:
      return messageOf(error);
  }
}
