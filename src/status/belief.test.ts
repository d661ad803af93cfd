import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Belief } from './belief.ts';
import type { ObservedStatus } from './wanted-status.ts';

const version = (resourceVersion: string): ObservedStatus => ({ uid: 'u', resourceVersion, generation: 1, status: {}, apiVersion: 'v1' });

function after(answers: readonly [answer: string, basis: readonly string[]][], seen: string): Belief {
  const belief = new Belief();
  for (const [answer, basis] of answers) belief.adopt(version(answer), basis, version(seen));
  return belief;
}

test('an answer counts until the watch brings it', () => {
  const belief = after([['2', ['1']]], '1');
  assert.equal(belief.of(version('1'))?.resourceVersion, '2');
  assert.equal(belief.of(version('2'))?.resourceVersion, '2');
  assert.equal(belief.of(version('3'))?.resourceVersion, '3');
  assert.equal(belief.of(version('1'))?.resourceVersion, '1', 'nothing is left of the answer');
});

test('echoes of earlier writes are older than the last answer', () => {
  const belief = after([['2', ['1']], ['3', ['2', '1']]], '1');
  assert.deepEqual(['1', '2', '3'].map((seen) => belief.of(version(seen))?.resourceVersion), ['3', '3', '3']);
});

test('a version that nobody knows is newer than the answer', () => {
  assert.equal(after([['2', ['1']]], '1').of(version('9'))?.resourceVersion, '9');
  assert.equal(after([['2', ['1']]], '9').of(version('9'))?.resourceVersion, '9', 'it came before the answer did');
});

test('an object that is gone has no status, whatever was answered', () => {
  const belief = after([['2', ['1']]], '1');
  assert.equal(belief.of(undefined), undefined);
});

test('an answer that changed nothing has the version that it was made from', () => {
  const belief = after([['1', ['1']]], '1');
  assert.equal(belief.of(version('1'))?.resourceVersion, '1');
  assert.equal(belief.of(version('2'))?.resourceVersion, '2');
});
