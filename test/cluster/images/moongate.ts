import { cp, mkdir, readdir, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, posix, relative } from 'node:path';
import type { ImageContent, LayerEntry } from './archive.ts';
import { readFinalStage } from './dockerfile.ts';
import type { FinalStage } from './dockerfile.ts';
import { ensureArchive } from './image.ts';
import { librariesOf } from './libraries.ts';
import { prune } from './prune.ts';
import { cacheDir, fingerprint } from '../tools/cache.ts';
import type { Progress } from '../tools/ensure.ts';
import { exists, once } from '../tools/once.ts';
import { run } from '../tools/run.ts';

const root = join(import.meta.dirname, '../../..');

/** What the build needs of the checkout; .dockerignore lets no more than this in. */
const sources = ['src', 'definitions', 'tools', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];

/** Base images that we can stand in for: Node's place in them. They have Node, glibc and the certificates of authorities, and set nothing else of note. */
const bases: Readonly<Record<string, { readonly node: string; readonly env: Readonly<Record<string, string>> }>> = {
  'gcr.io/distroless/nodejs24-debian12:nonroot': { node: '/nodejs/bin/node', env: { SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt' } },
};

/** Moongate's own image: what the Dockerfile's last stage describes, made of this checkout. It has the name that the chart asks for. */
export async function moongateImage(onProgress: Progress): Promise<string> {
  return ensureArchive('moongate', await moongateContent(onProgress), onProgress);
}

/** What is in the image. */
export async function moongateContent(onProgress: Progress): Promise<ImageContent> {
  const stage = readFinalStage(await readFile(join(root, 'Dockerfile'), 'utf8'));
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const base = bases[stage.base];
  if (base === undefined) throw new Error(`the Dockerfile's base image ${stage.base} is none of those that can be stood in for: ${Object.keys(bases).join(', ')}`);
  if (stage.entrypoint === undefined) throw new Error('the Dockerfile has no ENTRYPOINT');
  const node = join(dirname(createRequire(join(root, 'package.json')).resolve('node/package.json')), 'bin/node');
  const build = await buildFiles(stage, onProgress);
  const layers: LayerEntry[][] = [
    [{ path: base.node, from: node }, ...(await librariesOf(node)), { path: '/etc/ssl/certs/ca-certificates.crt', from: '/etc/ssl/certs/ca-certificates.crt' }],
    ...shareable(stage.copies.map(({ sources, target }) => sources.flatMap((source) => copied(build, source, target)))),
  ];
  return {
    names: [`docker.io/moongate/moongate:${version}`],
    layers,
    config: {
      entrypoint: stage.entrypoint,
      env: { ...base.env, ...stage.env },
      exposedPorts: stage.exposedPorts,
      labels: stage.labels,
      ...(stage.cmd === undefined ? {} : { cmd: stage.cmd }),
      ...(stage.user === undefined ? {} : { user: stage.user }),
      ...(stage.workingDir === undefined ? {} : { workingDir: stage.workingDir }),
    },
  };
}

/** Files of the build stage: path in the stage to path here. */
type BuildFiles = ReadonlyMap<string, string>;

async function buildFiles({ removed }: FinalStage, onProgress: Progress): Promise<BuildFiles> {
  const gone = Object.values(removed).flat();
  const files = new Map<string, string>();
  const add = async (folder: string, target: string): Promise<void> => {
    for (const path of await filesIn(folder)) files.set(posix.join(target, relative(folder, path)), path);
  };
  await add(await compiled(onProgress), '/app/dist');
  for (const folder of await productionPackages()) await add(join(root, folder), posix.join('/app', folder));
  for (const name of await readdir(root, { withFileTypes: true })) if (name.isFile()) files.set(`/app/${name.name}`, join(root, name.name));
  return new Map([...files].filter(([path]) => !gone.some((each) => path === each || path.startsWith(`${each}/`))));
}

/** Layers in an order in which more of them are shared between versions of the image, the program being smaller than what it depends on. */
function shareable(layers: readonly LayerEntry[][]): LayerEntry[][] {
  const paths = layers.flat().map(({ path }) => path);
  // Of two layers with the same path the later one counts.
  const disjoint = new Set(paths).size === paths.length;
  return disjoint ? layers.toSorted((a, b) => b.length - a.length) : [...layers];
}

/** A source of COPY: a file, or everything below a folder. */
function copied(build: BuildFiles, source: string, target: string): LayerEntry[] {
  const file = build.get(source);
  if (file !== undefined) return [{ path: target.endsWith('/') ? `${target}${posix.basename(source)}` : target, from: file }];
  const found = [...build].filter(([path]) => path.startsWith(`${source}/`)).map(([path, from]) => ({ path: posix.join(target, path.slice(source.length)), from }));
  if (found.length === 0) throw new Error(`the Dockerfile copies ${source}, which its build stage does not have`);
  return found;
}

/** The compiled program, made by the build script in a copy of the sources: another build in the checkout is not disturbed. */
async function compiled(onProgress: Progress): Promise<string> {
  const files = (await Promise.all(sources.map(async (name) => ((await stat(join(root, name))).isDirectory() ? filesIn(join(root, name)) : [join(root, name)])))).flat();
  const key = fingerprint(await Promise.all(files.sort().map(async (path) => [relative(root, path), (await stat(path)).size, (await stat(path)).mtimeMs])));
  return once(join(cacheDir(), 'cluster-images', `dist-${key}`), async (work) => {
    onProgress('compiling Moongate');
    for (const path of files) {
      const target = join(work, relative(root, path));
      await mkdir(dirname(target), { recursive: true });
      await cp(path, target);
    }
    await symlink(join(root, 'node_modules'), join(work, 'node_modules'));
    await run(process.execPath, ['tools/build.ts'], { cwd: work });
    await prune(join(cacheDir(), 'cluster-images'), 'dist-');
    return join(work, 'dist');
  });
}

/** The folders of what is installed for production, as the lock file has them. */
async function productionPackages(): Promise<string[]> {
  const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, { dev?: boolean; devOptional?: boolean; link?: boolean }> };
  const wanted = Object.entries(packages).filter(([path, entry]) => path.startsWith('node_modules/') && entry.dev !== true && entry.devOptional !== true).map(([path]) => path);
  const present = await Promise.all(wanted.map((path) => exists(join(root, path))));
  return wanted.filter((_, index) => present[index] === true);
}

/** All files below a folder, without those of packages nested in it: the lock file has an entry for each of them. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isFile()) return [path];
      return entry.isDirectory() && entry.name !== 'node_modules' ? filesIn(path) : [];
    }),
  );
  return found.flat();
}
