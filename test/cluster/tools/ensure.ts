import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheDir, fingerprint } from './cache.ts';
import { goBuild, moduleFolder } from './go.ts';
import { exists, once } from './once.ts';
import { goMod } from './recipe.ts';
import type { OwnSource, Recipe } from './recipe.ts';
import { run } from './run.ts';

/** Called with a line for a person to read. */
export type Progress = (line: string) => void;

const stillBuildingMs = 20_000;

/** The folder with a tool's programs. Built when it is not in the cache; a hit costs one look at the file system. */
export async function ensureTool(recipe: Recipe, onProgress: Progress = () => {}): Promise<string> {
  const { name, version, source, programs, variables } = recipe;
  const target = join(cacheDir(), 'cluster-tools', `${name}-${version}-${fingerprint({ source, programs, variables })}`);
  if (await exists(target)) return target;
  const begin = performance.now();
  const seconds = (): number => Math.round((performance.now() - begin) / 1000);
  onProgress(`building ${name} ${version} (once; ${recipe.minutes} min or so when nothing of it is cached)`);
  const timer = setInterval(() => onProgress(`building ${name} ${version}: ${seconds()} s so far`), stillBuildingMs);
  try {
    await once(target, (work) => build(recipe, work));
  } catch (error) {
    throw new Error(`${name} ${version} cannot be built`, { cause: error });
  } finally {
    clearInterval(timer);
  }
  onProgress(`built ${name} ${version} in ${seconds()} s`);
  return target;
}

/** The folders of several tools by recipe name, built one after the other: each build takes all processors already. */
export async function ensureTools(recipes: readonly Recipe[], onProgress: Progress = () => {}): Promise<Map<string, string>> {
  const folders = new Map<string, string>();
  for (const recipe of recipes) folders.set(recipe.name, await ensureTool(recipe, onProgress));
  return folders;
}

/** The path of a tool's program. */
export async function ensureProgram(recipe: Recipe, program: string = recipe.name, onProgress: Progress = () => {}): Promise<string> {
  if (recipe.programs[program] === undefined) throw new Error(`${recipe.name} has no program ${program}`);
  return join(await ensureTool(recipe, onProgress), program);
}

async function build({ name, version, source, programs, variables = {} }: Recipe, work: string): Promise<string> {
  const output = join(work, 'bin');
  await mkdir(output);
  const own = 'requires' in source;
  const folder = own ? await ownFolder(name, source, join(work, 'source')) : await publishedFolder(`${source.module}@${version}`, source.folder, join(work, 'source'));
  for (const [program, target] of Object.entries(programs)) {
    await goBuild({ folder, package: target, output: join(output, program), complete: own, variables });
  }
  return output;
}

async function ownFolder(name: string, source: OwnSource, folder: string): Promise<string> {
  const { staged } = source;
  const staging = staged === undefined ? '' : await readFile(join(await moduleFolder(`${staged.of}@${source.requires[staged.of]}`), 'go.mod'), 'utf8');
  for (const [path, content] of Object.entries({ ...source.files, 'go.mod': goMod(name, source, staging) })) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

/** Go's module cache is read-only, which does not hinder a build. A module inside the module gets its go.mod's name back in a copy. */
async function publishedFolder(module: string, inner: string | undefined, copy: string): Promise<string> {
  const folder = await moduleFolder(module);
  if (inner === undefined) return folder;
  await cp(join(folder, inner), copy, { recursive: true });
  await run('chmod', ['-R', 'u+w', copy]);
  for (const name of ['go.mod', 'go.sum']) {
    if (await exists(join(copy, `.${name}`))) await rename(join(copy, `.${name}`), join(copy, name));
  }
  return copy;
}
