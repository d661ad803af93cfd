import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeArchive } from './archive.ts';
import type { ImageContent, LayerEntry } from './archive.ts';
import { prune } from './prune.ts';
import { cacheDir, fingerprint } from '../tools/cache.ts';
import type { Progress } from '../tools/ensure.ts';
import { once } from '../tools/once.ts';

/** Counts up when archives are written differently. */
const archiveFormat = 2;

/** The path of an image's archive. It is made when the cache has none of the same files (by path, size and time) and configuration. */
export async function ensureArchive(name: string, content: ImageContent, onProgress: Progress = () => {}): Promise<string> {
  const key = fingerprint({ archiveFormat, names: content.names, config: content.config, layers: await Promise.all(content.layers.map((layer) => Promise.all(layer.map(identity)))) });
  const folder = join(cacheDir(), 'cluster-images');
  return once(join(folder, `${name}-${key}.tar`), async (work) => {
    onProgress(`packing the image ${content.names[0]}`);
    const path = join(work, 'image.tar');
    await writeArchive(path, content);
    await prune(folder, `${name}-`);
    return path;
  });
}

async function identity(entry: LayerEntry): Promise<unknown> {
  if (!('from' in entry)) return entry;
  const { size, mtimeMs, mode } = await stat(entry.from);
  return { ...entry, size, mtimeMs, mode };
}
