import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import type { TestContext } from 'node:test';
import { hashInputs, isUpToDate, writeStamp } from './up-to-date.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'moongate-up-to-date-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

it('inputs hash by name and content, wherever they lie', (t) => {
  const [one, two] = [folder(t), folder(t)];
  for (const root of [one, two]) {
    mkdirSync(join(root, 'in'));
    writeFileSync(join(root, 'in/a'), 'x');
  }
  assert.equal(hashInputs(one, ['in']), hashInputs(two, ['in']));
  writeFileSync(join(two, 'in/a'), 'y');
  assert.notEqual(hashInputs(one, ['in']), hashInputs(two, ['in']));
});

it('an output is up to date until its inputs change or a file is added, removed or cut short', (t) => {
  const out = folder(t);
  writeFileSync(join(out, 'a.ts'), 'one');
  assert.equal(isUpToDate(out, 'h1'), false, 'before it is stamped');
  writeStamp(out, 'h1');
  assert.equal(isUpToDate(out, 'h1'), true);
  assert.equal(isUpToDate(out, 'h2'), false);
  writeFileSync(join(out, 'b.ts'), '');
  assert.equal(isUpToDate(out, 'h1'), false, 'with a file more');
  rmSync(join(out, 'b.ts'));
  writeFileSync(join(out, 'a.ts'), 'on');
  assert.equal(isUpToDate(out, 'h1'), false, 'with a file cut short');
});
