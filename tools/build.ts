// Compiles src into dist, which is what is published: Node runs no TypeScript from node_modules.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
rmSync(join(root, 'dist'), { recursive: true, force: true });
const { status } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
if (!existsSync(join(root, 'dist/cli/main.js'))) throw new Error('dist/cli/main.js is missing');
console.log('dist: built');
