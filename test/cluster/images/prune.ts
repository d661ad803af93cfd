import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Images change with every change of the program, and are hundreds of megabytes. */
const kept = 4;
/** Longer than it takes from making one to its use. */
const inUseMs = 15 * 60 * 1000;

/** Removes from a folder of the cache what begins with a prefix, but for what was made or used a short while ago and the newest few. */
export async function prune(folder: string, prefix: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(prefix) && !name.endsWith('.lock'));
  const files = await Promise.all(names.map(async (name) => ({ path: join(folder, name), age: Date.now() - (await stat(join(folder, name))).mtimeMs })));
  const old = files.sort((a, b) => a.age - b.age).slice(kept).filter(({ age }) => age > inUseMs);
  await Promise.all(old.map(({ path }) => rm(path, { recursive: true, force: true })));
}
