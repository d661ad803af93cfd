import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ENVOY_API } from './versions.ts';

/** The folder with the Go program and the list of types, one fully qualified name a line. */
const PROGRAM = join(import.meta.dirname, 'envoy-api');

/** More than enough for all of Envoy's API (1 MB), so that a runaway program cannot fill the memory. */
const MAX_DESCRIPTORS = 32 << 20;

/** Writes the closure of the listed types of Envoy's API to a file: a FileDescriptorSet without comments and options. */
export function writeEnvoyApi(file: string): void {
  const types = readFileSync(join(PROGRAM, 'types.txt'), 'utf8').split('\n').filter((line) => line !== '');
  const folder = mkdtempSync(join(tmpdir(), 'moongate-envoy-api-'));
  try {
    copyFileSync(join(PROGRAM, 'main.go'), join(folder, 'main.go'));
    writeFileSync(join(folder, 'imports.go'), imports(types));
    writeFileSync(join(folder, 'go.mod'), `module envoy-api\n\ngo 1.26.0\n\nrequire ${ENVOY_API.path} ${ENVOY_API.version}\n`);
    const all = execFileSync('go', ['run', '-mod=mod', '.'], {
      cwd: folder,
      maxBuffer: MAX_DESCRIPTORS,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    writeFileSync(join(folder, 'all.binpb'), all);
    const buf = join(import.meta.dirname, '../../node_modules/.bin/buf');
    const wanted = types.flatMap((type) => ['--type', type]);
    execFileSync(buf, ['build', 'all.binpb', ...wanted, '--as-file-descriptor-set', '-o', 'cut.binpb'], {
      cwd: folder,
      env: { ...process.env, BUF_CACHE_DIR: join(folder, 'buf') },
      stdio: 'inherit',
    });
    copyFileSync(join(folder, 'cut.binpb'), file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A Go file that links the packages of the types. What these need, and types outside Envoy's packages, come along. */
function imports(types: readonly string[]): string {
  const packages = types
    .filter((type) => type.startsWith('envoy.'))
    .map((type) => type.split('.').slice(1, -1).join('/'));
  const lines = [...new Set(packages)].map((path) => `\t_ "${ENVOY_API.path}/${path}"\n`);
  return `package main\n\nimport (\n${lines.join('')})\n`;
}
