import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compare } from './compare.ts';
import type { ProfileOutcome } from './compare.ts';
import type { ProfileExpectation } from './expected.ts';
import type { TestResult } from './results.ts';
import type { Catalogue } from './suite/catalogue.ts';

const catalogue: Catalogue = {
  profiles: { HTTP: { core: ['Gateway'], extended: ['ListenerSet', 'Port'] } },
  experimental: [],
  tests: [
    { name: 'Simple', features: ['Gateway'], parallel: false, provisional: false, manifests: [] },
    { name: 'Set', features: ['Gateway', 'ListenerSet'], parallel: false, provisional: false, manifests: [] },
    { name: 'Port', features: ['Gateway', 'Port'], parallel: true, provisional: true, manifests: [] },
    { name: 'Mesh', features: ['Mesh'], parallel: false, provisional: false, manifests: [] },
  ],
};

function result(name: string, outcome: TestResult['outcome'], more: Partial<TestResult> = {}): TestResult {
  return { name, outcome, seconds: 1, failedParts: [], output: [], ...more };
}

function outcomeOf(results: readonly TestResult[], expectation: Partial<ProfileExpectation> = {}, asked?: (name: string) => boolean): ProfileOutcome | undefined {
  const expected = { HTTP: { notClaimed: {}, fails: {}, skips: {}, ...expectation } };
  return compare({ catalogue, profiles: ['HTTP'], expected, results, ...(asked !== undefined && { asked }) })[0];
}

const noSets = { notClaimed: { ListenerSet: 'comes later' } };

describe('results against expectations', () => {
  test('all is well when tests pass and what is not claimed is skipped', () => {
    assert.deepEqual(outcomeOf([result('Simple', 'pass'), result('Set', 'skip'), result('Port', 'pass'), result('Mesh', 'skip')], noSets), {
      profile: 'HTTP',
      core: { passed: 1, of: 1 },
      extended: { passed: 1, of: 1 },
      notClaimed: new Map([['ListenerSet', 1]]),
      surprises: [],
    });
  });

  test('a failure is a surprise and names the parts that failed', () => {
    const failed = result('Simple', 'fail', { failedParts: ['a', 'b', 'c', 'd'] });
    const outcome = outcomeOf([failed, result('Set', 'pass'), result('Port', 'pass')]);
    assert.deepEqual(outcome?.surprises, ['Simple failed (a, b, c and 1 more), expected: a pass']);
    assert.deepEqual(outcome?.core, { passed: 0, of: 1 });
  });

  test('an expected failure is none, and its passing is a surprise', () => {
    const fails = { fails: { Port: 'no ports here' } };
    assert.deepEqual(outcomeOf([result('Simple', 'pass'), result('Set', 'pass'), result('Port', 'fail')], fails)?.surprises, []);
    assert.deepEqual(outcomeOf([result('Simple', 'pass'), result('Set', 'pass'), result('Port', 'pass')], fails)?.surprises, [
      'Port passed, expected: a failure (no ports here)',
    ]);
  });

  test('a skip without a word is a surprise, and counts as not passed', () => {
    const skipped = result('Set', 'skip', { reason: 'Skipping Set: suite does not support ListenerSet' });
    const outcome = outcomeOf([result('Simple', 'pass'), skipped, result('Port', 'pass')]);
    assert.deepEqual(outcome?.surprises, ['Set was skipped (Skipping Set: suite does not support ListenerSet), expected: a pass']);
    assert.deepEqual(outcome?.extended, { passed: 1, of: 2 });
  });

  test('a feature that is claimed after all is a surprise, whatever its test says', () => {
    assert.deepEqual(outcomeOf([result('Simple', 'pass'), result('Set', 'pass'), result('Port', 'pass')], noSets)?.surprises, [
      'Set passed, expected: a skip, since ListenerSet is listed as not claimed',
    ]);
  });

  test('a test that did not end, or was never begun, is a surprise', () => {
    assert.deepEqual(outcomeOf([result('Simple', 'unfinished'), result('Set', 'skip')], noSets)?.surprises, [
      'Simple did not end, expected: a pass',
      'not run: Port',
    ]);
  });

  test('tests that were not asked for count nowhere', () => {
    const outcome = outcomeOf([result('Simple', 'pass'), result('Set', 'skip'), result('Port', 'skip')], {}, (name) => name === 'Simple');
    assert.deepEqual(outcome, { profile: 'HTTP', core: { passed: 1, of: 1 }, extended: { passed: 0, of: 0 }, notClaimed: new Map(), surprises: [] });
  });
});
