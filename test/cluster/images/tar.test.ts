import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { tarChunks } from './tar.ts';
import type { TarEntry } from './tar.ts';

const work = mkdtempSync(join(tmpdir(), 'moongate-tar-'));
after(() => rmSync(work, { recursive: true, force: true }));

const deep = `${'a'.repeat(90)}/${'b'.repeat(90)}/file`;
const long = 'c'.repeat(180);
const unusual = 'names/ünusual ☃.txt';
const entries: readonly TarEntry[] = [
  { path: 'tmp', kind: 'folder', mode: 0o1777 },
  { path: 'empty', kind: 'file', mode: 0o600, content: new Uint8Array() },
  { path: 'block', kind: 'file', mode: 0o644, content: Buffer.alloc(512, 'x') },
  { path: 'program', kind: 'file', mode: 0o755, content: Buffer.alloc(1000, 'y') },
  { path: deep, kind: 'file', mode: 0o644, content: Buffer.from('deep') },
  { path: long, kind: 'file', mode: 0o644, content: Buffer.from('long') },
  { path: unusual, kind: 'file', mode: 0o644, content: Buffer.from('unusual') },
  { path: 'link', kind: 'symlink', mode: 0o777, target: 'program' },
  { path: 'far', kind: 'symlink', mode: 0o777, target: `${'d'.repeat(120)}/e` },
];

function extracted(): string {
  const archive = join(work, 'test.tar');
  const folder = mkdtempSync(join(work, 'out-'));
  writeFileSync(archive, Buffer.concat([...tarChunks(entries)]));
  execFileSync('tar', ['-xpf', archive, '-C', folder]);
  return folder;
}

test('tar reads what was written: content, modes, links, and names of any length', () => {
  const folder = extracted();
  for (const { path, content } of entries.filter((entry) => entry.kind === 'file')) {
    assert.deepEqual(readFileSync(join(folder, path)), Buffer.from(content ?? []), path);
  }
  for (const { path, mode } of entries.filter((entry) => entry.kind !== 'symlink')) {
    assert.equal(lstatSync(join(folder, path)).mode & 0o7777, mode, path);
  }
  assert.equal(readlinkSync(join(folder, 'link')), 'program');
  assert.equal(readlinkSync(join(folder, 'far')), `${'d'.repeat(120)}/e`);
});

test('the same members give the same bytes, in whole blocks', () => {
  const one = Buffer.concat([...tarChunks(entries)]);
  assert.deepEqual(one, Buffer.concat([...tarChunks(entries)]));
  assert.equal(one.length % 512, 0);
});
