import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { prune } from './prune.ts';
import { Component } from '../lifetime/component.ts';
import type { Machine } from '../lifetime/machine.ts';
import { containerdConfig, nodePaths } from '../node/configurations.ts';
import { cacheDir, fingerprint } from '../tools/cache.ts';
import type { Progress } from '../tools/ensure.ts';
import { exists, once } from '../tools/once.ts';
import { systemPath } from '../tools/packages.ts';
import { run } from '../tools/run.ts';

/** Counts up when stores are made differently. */
const storeFormat = 1;
const startMs = 90_000;
const importMs = 5 * 60 * 1000;

/** What stores are made with. */
export interface StoreOptions {
  /** Path of a program. */
  readonly program: (name: string) => string;
  readonly onProgress?: Progress;
}

/** No machine of a cluster: this host, with mounts of its own that go with the process. */
const here: Machine = { name: 'import', netns: '', address: '', enter: (command, args) => ['unshare', '--mount', command, ...args] };

/**
 * The root folder of a containerd that has imported archives, in the cache. Importing is the most work of all when a cluster starts, and nodes that begin with a
 * copy do none of it. A store is made from that of all archives but the last, so what changes often should come last.
 */
export async function ensureStore(archives: readonly string[], options: StoreOptions): Promise<string> {
  const last = archives.at(-1);
  const identities = await Promise.all(archives.map(async (path) => [path, (await stat(path)).mtimeMs]));
  const folder = join(cacheDir(), 'cluster-images');
  const target = join(folder, `store-${fingerprint({ storeFormat, containerd: options.program('containerd'), identities })}`);
  if (!(await exists(target))) {
    await once(target, async (work) => {
      const root = join(work, 'root');
      if (last === undefined) {
        await mkdir(root);
        return root;
      }
      const before = await ensureStore(archives.slice(0, -1), options);
      options.onProgress?.(`importing ${basename(last)}`);
      await cloneStore(before, root);
      await importInto(root, last, options);
      return root;
    });
    await prune(folder, 'store-');
  }
  // What is used is not pruned.
  const now = new Date();
  await utimes(target, now, now);
  return target;
}

/** Copies a store. Layers and blobs never change, so the copy shares them where the file system can; databases do. */
export async function cloneStore(store: string, target: string): Promise<void> {
  await run('cp', ['-al', store, target]).catch(async () => {
    await rm(target, { recursive: true, force: true });
    await run('cp', ['-a', store, target]);
  });
  for (const path of await databases(target)) {
    await run('cp', ['-p', path, `${path}.own`]);
    await rename(`${path}.own`, path);
  }
}

async function databases(root: string): Promise<string[]> {
  const plugins = await readdir(root, { withFileTypes: true });
  const files = await Promise.all(plugins.filter((entry) => entry.isDirectory()).map(async ({ name }) => (await readdir(join(root, name))).map((file) => join(root, name, file))));
  return files.flat().filter((path) => path.endsWith('.db'));
}

async function importInto(root: string, archive: string, { program }: StoreOptions): Promise<void> {
  const dir = dirname(root);
  const paths = { ...nodePaths(dir), containerdRoot: root };
  const config = join(dir, 'containerd.toml');
  await writeFile(config, containerdConfig(paths));
  const containerd = new Component({
    name: 'containerd', machine: here, dir, command: program('containerd'), args: ['-c', config, '-l', 'warn'], env: { PATH: `${dirname(program('containerd'))}:${systemPath}` },
  });
  const ctr = (...args: readonly string[]): Promise<string> => run(program('ctr'), ['-a', paths.containerdSocket, '-n', 'k8s.io', ...args], { timeout: importMs });
  containerd.start();
  try {
    await containerd.until('containerd answers', async () => (await ctr('version')) !== '', startMs);
    await ctr('images', 'import', '--local', archive);
  } finally {
    await containerd.stop();
  }
}
