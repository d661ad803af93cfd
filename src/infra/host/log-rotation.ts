import { copyFile, rename, stat, truncate } from 'node:fs/promises';

/** Bounds of one log: the file itself and `keep` older ones (`.1` is the youngest), each about `maxBytes`. */
export interface LogBounds {
  readonly maxBytes: number;
  readonly keep: number;
}

export const logBoundsDefault: LogBounds = { maxBytes: 64 * 1024 * 1024, keep: 2 };

/**
 * Moves a log that has grown too large out of the way; true when it did.
 * - 'rename': the writer has to open the path again afterwards, no line is lost.
 * - 'copy': for a writer that keeps its file open in append mode; lines written during the copy may be lost.
 */
export async function rotate(path: string, how: 'rename' | 'copy', { maxBytes, keep }: LogBounds = logBoundsDefault): Promise<boolean> {
  const size = await stat(path).then((stats) => stats.size, () => 0);
  if (size <= maxBytes) return false;
  for (let age = keep; age > 1; age--) await rename(`${path}.${age - 1}`, `${path}.${age}`).catch(() => {});
  if (how === 'rename') {
    await rename(path, `${path}.1`);
  } else {
    await copyFile(path, `${path}.1`);
    await truncate(path);
  }
  return true;
}
