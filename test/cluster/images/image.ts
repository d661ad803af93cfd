import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeArchive } from './archive.ts';
import type { ImageContent, LayerEntry } from './archive.ts';
import { cacheDir, fingerprint } from '../tools/cache.ts';
import type { Progress } from '../tools/ensure.ts';
import { once } from '../tools/once.ts';

/** Counts up when archives are written differently. */
const archiveFormat = 1;

/** An image changes with every change of the program, and is hundreds of megabytes. */
const kept = 3;
/** Longer than it takes from making an archive to its import. */
const inUseMs = 60 * 60 * 1000;

/** The path of an image's archive. It is made when the cache has none of the same files (by path, size and time) and configuration. */
export async function ensureArchive(name: string, content: ImageContent, onProgress: Progress = () => {}): Promise<string> {
  const key = fingerprint({ archiveFormat, names: content.names, config: content.config, entries: await Promise.all(content.entries.map(identity)) });
  const folder = join(cacheDir(), 'cluster-images');
  return once(join(folder, `${name}-${key}.tar`), async (work) => {
    onProgress(`packing the image ${content.names[0]}`);
    const path = join(work, 'image.tar');
    await writeArchive(path, content);
    await prune(folder, `${name}-`);
    return path;
  });
}

/** Keeps the newest of what begins with a prefix, and what may still be in use. */
export async function prune(folder: string, prefix: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(prefix) && !name.endsWith('.lock'));
  const files = await Promise.all(names.map(async (name) => ({ path: join(folder, name), age: Date.now() - (await stat(join(folder, name))).mtimeMs })));
  const old = files.sort((a, b) => a.age - b.age).slice(kept).filter(({ age }) => age > inUseMs);
  await Promise.all(old.map(({ path }) => rm(path, { recursive: true, force: true })));
}

async function identity(entry: LayerEntry): Promise<unknown> {
  if (!('from' in entry)) return entry;
  const { size, mtimeMs, mode } = await stat(entry.from);
  return { ...entry, size, mtimeMs, mode };
}
