import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { caseNames, goldenRoot, readCase, type GoldenCase } from './case.ts';
import { tableOfContents } from './contents.ts';
import { assertSound } from './invariants.ts';
import { outputsOf, type Outputs } from './outputs.ts';
import { fromScratch, oneByOne } from './replay.ts';

/** Writes what translation gives instead of comparing with it. */
const update = process.argv.includes('--update') || process.env['UPDATE_GOLDEN'] === '1';

/** The files of a case that people write. */
const inputs: ReadonlySet<string> = new Set(['resources.yaml', 'options.yaml']);

const cases = caseNames().map(readCase);

for (const [area, own] of Map.groupBy(cases, (golden) => golden.area)) {
  describe(area, () => {
    for (const golden of own) {
      describe(golden.name.slice(area.length + 1).replaceAll('-', ' '), () => checkCase(golden));
    }
  });
}

function checkCase(golden: GoldenCase): void {
  const plane = fromScratch(golden);
  const outputs = outputsOf(plane, golden);
  test('gives the files beside it', () => {
    if (update) write(golden.folder, outputs);
    assert.deepEqual(filesOf(golden.folder), [...outputs.keys()].toSorted());
    for (const [name, text] of outputs) assert.equal(text, readFileSync(join(golden.folder, name), 'utf8'), `${golden.name}/${name}`);
  });
  test('is sound', () => assertSound(plane));
  test('gives the same again', () => assert.deepEqual(outputsOf(fromScratch(golden), golden), outputs));
  for (const [name, order] of orders(golden)) {
    test(`gives the same when the objects come one by one, ${name}`, () => {
      assert.deepEqual(outputsOf(oneByOne(order, golden), golden), outputs);
    });
  }
}

/** The objects as they stand, from the end, shuffled, and with each one taken away and put back. */
function orders({ name, changes }: GoldenCase): [string, GoldenCase['changes']][] {
  return [
    ['in order', changes],
    ['from the end', changes.toReversed()],
    ['shuffled', shuffled(changes, name)],
    ['each taken away and put back', [...changes, ...changes.flatMap((change) => [{ ...change, resource: undefined }, change])]],
  ];
}

/** A permutation that depends on the seed alone. */
function shuffled<T>(items: readonly T[], seed: string): T[] {
  let state = 7;
  for (let i = 0; i < seed.length; i++) state = Math.imul(state, 31) + seed.charCodeAt(i);
  const next = (below: number): number => {
    state = Math.imul(state, 1664525) + 1013904223;
    return ((state >>> 0) >>> 8) % below;
  };
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = next(i + 1);
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}

function filesOf(folder: string): string[] {
  return globSync('*', { cwd: folder })
    .filter((name) => !inputs.has(name))
    .toSorted();
}

function write(folder: string, outputs: Outputs): void {
  for (const name of filesOf(folder)) if (!outputs.has(name)) rmSync(join(folder, name));
  for (const [name, text] of outputs) writeFileSync(join(folder, name), text);
}

test('there are cases enough to learn the product from', () => {
  assert.ok(cases.length >= 40, `${cases.length} cases`);
});

test('every folder is a case', () => {
  const folders = new Set(cases.map((golden) => golden.name));
  const orphans = globSync('*/*/*', { cwd: goldenRoot }).map((path) => path.split('/').slice(0, 2).join('/')).filter((name) => !folders.has(name));
  if (update) for (const name of orphans) rmSync(join(goldenRoot, name), { recursive: true, force: true });
  assert.deepEqual(update ? [] : orphans, []);
});

test('no two cases teach the same', () => {
  assert.equal(new Set(cases.map(({ sentence }) => sentence)).size, cases.length);
});

test('README.md lists the cases', () => {
  const path = join(goldenRoot, 'README.md');
  if (update) writeFileSync(path, tableOfContents(cases));
  assert.ok(existsSync(path));
  assert.equal(readFileSync(path, 'utf8'), tableOfContents(cases));
});
