import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { moduleFolder } from '../../cluster/tools/go.ts';
import { GATEWAY_API, SUITE_VERSION } from '../suite/recipe.ts';
import { problemsOf } from './check.ts';
import { exampleSets, suiteSets, type ManifestSet } from './manifest-sets.ts';

interface ExpectedProblems {
  readonly about: string;
  readonly problems: readonly string[];
}

const expected = parse(readFileSync(join(import.meta.dirname, 'expected.yaml'), 'utf8')) as Readonly<Record<string, ExpectedProblems>>;

/** The files come with Go's modules, which not everybody who runs the tests has. */
const suite = await moduleFolder(`${GATEWAY_API}/conformance@${SUITE_VERSION}`).catch(() => undefined);
const api = await moduleFolder(`${GATEWAY_API}@v1.7.0`).catch(() => undefined);
const skip = suite === undefined || api === undefined ? 'needs Go, and the modules of the Gateway API' : false;

/** Checks that the problems of each file are those that are listed for it, none more and none less. */
async function check(sets: readonly ManifestSet[], least: number): Promise<void> {
  assert.ok(sets.length >= least, `only ${sets.length} files`);
  for (const set of sets) assert.deepEqual(await problemsOf(set), expected[set.name]?.problems ?? [], set.name);
}

test('the manifests of the conformance suite have the problems that they are about, and no others', { skip }, () => check(suiteSets(suite ?? ''), 100));

test('so have the examples of the Gateway API', { skip }, () => check(exampleSets(api ?? ''), 60));

test('every file that has problems is one of these, and its reason is said', { skip }, () => {
  const names = [...suiteSets(suite ?? ''), ...exampleSets(api ?? '')].map(({ name }) => name);
  assert.deepEqual(Object.keys(expected).filter((name) => !names.includes(name)), []);
  assert.deepEqual(Object.entries(expected).filter(([, { about }]) => typeof about !== 'string' || about === ''), []);
});
