import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Module } from './versions.ts';

/**
 * Downloads a Go module, unless the module cache has it, and returns the folder of its files.
 * Throws when the module cannot be had or is not what its pin says.
 */
export function moduleFolder(module: Module): string {
  const name = `${module.path}@${module.version}`;
  const run = spawnSync('go', ['mod', 'download', '-json', name], { cwd: tmpdir(), encoding: 'utf8' });
  if (run.error !== undefined) throw new Error(`go cannot be run: ${run.error.message}`);
  const info = JSON.parse(run.stdout) as { Dir?: string; Sum?: string; Error?: string };
  // A module that asks for a newer Go than ours is an error to go, but it is downloaded and unpacked all the same, and
  // data is all that we want of it. Only Dir is left out of the answer then.
  const folder = info.Dir ?? join(moduleCache(), name.replaceAll(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`));
  if (info.Sum === undefined || !existsSync(folder)) throw new Error(`${name}: ${info.Error ?? 'no folder'}`);
  if (info.Sum !== module.sum) throw new Error(`${name}: hash is ${info.Sum}, pinned is ${module.sum}`);
  return folder;
}

function moduleCache(): string {
  return execFileSync('go', ['env', 'GOMODCACHE'], { encoding: 'utf8' }).trim();
}
