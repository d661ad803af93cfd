import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { writeArchive } from './archive.ts';

const work = mkdtempSync(join(tmpdir(), 'moongate-archive-'));
after(() => rmSync(work, { recursive: true, force: true }));

interface Manifest {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

test('an archive names its image, its configuration and its layers by their content', async () => {
  const program = join(work, 'program');
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
  const path = join(work, 'image.tar');
  await writeArchive(path, {
    names: ['example.com/a:1', 'example.com/b:2'],
    layers: [[{ path: '/usr/bin/program', from: program }], [{ path: '/etc/settings', text: 'x=1\n' }, { path: '/run', link: 'var/run' }]],
    config: { entrypoint: ['/usr/bin/program'], cmd: ['serve'], env: { A: 'b' }, user: '65532', workingDir: '/app', exposedPorts: ['80', '53/udp'] },
  });
  execFileSync('tar', ['-xf', path, '-C', work]);
  const [manifest] = JSON.parse(readFileSync(join(work, 'manifest.json'), 'utf8')) as Manifest[];
  assert.ok(manifest);
  assert.deepEqual(manifest.RepoTags, ['example.com/a:1', 'example.com/b:2']);
  const digests = manifest.Layers.map((name) => createHash('sha256').update(readFileSync(join(work, name))).digest('hex'));
  const config = JSON.parse(readFileSync(join(work, manifest.Config), 'utf8')) as { config: object; rootfs: object };
  assert.deepEqual(config.rootfs, { type: 'layers', diff_ids: digests.map((digest) => `sha256:${digest}`) });
  assert.deepEqual(config.config, {
    Entrypoint: ['/usr/bin/program'],
    Cmd: ['serve'],
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'A=b'],
    User: '65532',
    WorkingDir: '/app',
    ExposedPorts: { '80/tcp': {}, '53/udp': {} },
  });
  const [first = '', second = ''] = manifest.Layers.map((name) => execFileSync('tar', ['-tvf', join(work, name)], { encoding: 'utf8' }));
  assert.match(first, /^-rwxr-xr-x root\/root .* usr\/bin\/program$/m);
  assert.match(first, /^drwxrwxrwt root\/root .* tmp\/$/m);
  assert.match(second, /etc\/settings$/m);
  assert.match(second, /run -> var\/run$/m);
});
