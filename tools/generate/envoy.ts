import { spawnSync } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';

/** Longest time that the plugin may take; it takes two seconds. */
const TIMEOUT_MS = 60_000;

/**
 * Generates Envoy's messages as TypeScript into a folder that takes the place of src/gen; beside it, `.buf` is for scratch.
 * Throws when buf does not succeed.
 */
export function generateEnvoy(root: string, folder: string): void {
  const cache = `${folder}.buf`;
  const bin = join(root, 'node_modules/.bin');
  // buf starts the plugin by name, and the plugin starts `node`: both are to be ours.
  const path = [bin, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
  const run = spawnSync(process.execPath, [join(root, 'node_modules/@bufbuild/buf/bin/buf'), 'generate', '--output', folder], {
    cwd: root,
    // Without a home folder buf would put its cache, which it has no use for here, into the working directory.
    env: { ...process.env, PATH: path, BUF_CACHE_DIR: cache },
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
  });
  if (run.status !== 0) throw new Error(`buf generate: ${run.error?.message ?? run.stderr}`);
}
