import { realpath } from 'node:fs/promises';
import type { LayerEntry } from './archive.ts';
import { run } from '../tools/run.ts';

/** The shared libraries and the loader that a program of this machine needs, as entries at the same paths. None for a static program. */
export async function librariesOf(program: string): Promise<LayerEntry[]> {
  const text = await run('ldd', [program]).catch((error: unknown) => {
    if (error instanceof Error && error.message.includes('not a dynamic executable')) return '';
    throw error;
  });
  // "\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x…)", "\t/lib64/ld-linux-x86-64.so.2 (0x…)", and without a path what the kernel brings.
  const paths = [...text.matchAll(/^\s*(?:\S+ => )?(\/\S+) \(0x/gm)].map(([, path = '']) => path);
  if (text.includes('not found')) throw new Error(`${program} needs libraries that this machine does not have:\n${text}`);
  return Promise.all(paths.map(async (path) => ({ path, from: await realpath(path) })));
}
