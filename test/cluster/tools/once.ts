import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { acquireLock, LockedError } from '../../../src/infra/host/lock.ts';
import type { Lock } from '../../../src/infra/host/lock.ts';

const pollMs = 200;

/**
 * Makes `target` (a file or folder in the cache) unless it is there. `make` gets an empty folder and answers what in it is to become the target.
 * Of several processes one makes it and the others wait; a process that dies leaves a work folder, never half a target.
 */
export async function once(target: string, make: (work: string) => Promise<string>): Promise<string> {
  if (await exists(target)) return target;
  await mkdir(dirname(target), { recursive: true });
  const lock = await waitForLock(`${target}.lock`);
  try {
    if (await exists(target)) return target;
    const work = await mkdtemp(`${dirname(target)}/.work-${basename(target)}-`);
    try {
      await rename(await make(work), target);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    return target;
  } finally {
    await lock.release();
  }
}

/** Takes a lock file when its holder is done with it, however long that takes: the holder is alive, or it would not hold it. */
export async function waitForLock(path: string): Promise<Lock> {
  for (;;) {
    try {
      return await acquireLock(path);
    } catch (error) {
      if (!(error instanceof LockedError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}
