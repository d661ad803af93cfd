import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { once } from './once.ts';

const folder = mkdtempSync(join(tmpdir(), 'moongate-once-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function maker(content: string, made: string[]): (work: string) => Promise<string> {
  return async (work) => {
    made.push(content);
    await writeFile(join(work, 'result'), content);
    return join(work, 'result');
  };
}

test('of several who want the same, one makes it and all get it', async () => {
  const made: string[] = [];
  const target = join(folder, 'shared');
  const paths = await Promise.all(['a', 'b', 'c'].map((content) => once(target, maker(content, made))));
  assert.deepEqual(paths, [target, target, target]);
  assert.equal(made.length, 1);
  assert.equal(readFileSync(target, 'utf8'), made[0]);
});

test('what fails leaves nothing, and may be tried again', async () => {
  const target = join(folder, 'deep/failing');
  await assert.rejects(once(target, () => Promise.reject(new Error('no luck'))), /no luck/);
  assert.deepEqual(readdirSync(join(folder, 'deep')), []);
  await once(target, maker('second', []));
  assert.equal(readFileSync(target, 'utf8'), 'second');
});
