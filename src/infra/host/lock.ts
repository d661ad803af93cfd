import { randomUUID } from 'node:crypto';
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises';

import { isAlive, processStart } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** A lock file that is ours until released or until we die. */
export interface Lock {
  release(): Promise<void>;
}

/** Somebody else, who is alive, holds the lock. */
export class LockedError extends Error {
  override readonly name = 'LockedError';
  readonly pid: number;

  constructor(path: string, pid: number) {
    super(`${path} is held by process ${pid}`);
    this.pid = pid;
  }
}

interface Content extends ProcessIdentity {
  readonly nonce: string;
}

/** More attempts than the files of one lock can change hands between two looks. */
const maxAttempts = 100;

/**
 * Takes the lock at `path`, also from a holder that died. Throws a LockedError otherwise.
 *
 *     link(2) of a complete file onto PATH          fails when PATH exists: exactly one process wins, nobody reads half a file
 *     holder dead?  lock PATH.takeover the same way, look again, rename(2) onto PATH
 *
 * The second lock is there because two processes may find the same dead holder: without it the slower one would replace
 * the lock of the faster one.
 */
export async function acquireLock(path: string): Promise<Lock> {
  const mine: Content = { pid: process.pid, start: processStart(process.pid) ?? '', nonce: randomUUID() };
  const draft = `${path}.${mine.nonce}`;
  await writeFile(draft, JSON.stringify(mine), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      if (await succeeds(link(draft, path), 'EEXIST')) return { release: () => release(path, mine.nonce) };
      const holder = await readHolder(path);
      if (holder === undefined) continue;
      if (isAlive(holder)) throw new LockedError(path, holder.pid);
      const takeover = await acquireLock(`${path}.takeover`);
      try {
        if ((await readHolder(path))?.nonce !== holder.nonce) continue;
        await rename(draft, path);
        return { release: () => release(path, mine.nonce) };
      } finally {
        await takeover.release();
      }
    }
    throw new Error(`${path} changes hands too often`);
  } finally {
    await succeeds(unlink(draft), 'ENOENT');
  }
}

/** Who holds the lock; undefined when it was released meanwhile. A file that is no lock of ours counts as a dead holder's. */
async function readHolder(path: string): Promise<Content | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { pid, start, nonce } = JSON.parse(text) as Partial<Content>;
    return { pid: Number(pid), start: String(start), nonce: String(nonce) };
  } catch {
    return { pid: 0, start: '', nonce: text };
  }
}

async function release(path: string, nonce: string): Promise<void> {
  if ((await readHolder(path))?.nonce === nonce) await succeeds(unlink(path), 'ENOENT');
}

async function succeeds(work: Promise<void>, unless: string): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === unless) return false;
    throw error;
  }
}
