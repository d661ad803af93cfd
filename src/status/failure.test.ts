import assert from 'node:assert/strict';
import { test } from 'node:test';

import { KubeError } from '../kube/kube-error.ts';
import { failureOf, refusedFields, type Failure } from './failure.ts';

const meanings: readonly [code: number, failure: Failure][] = [
  [0, 'unreachable'], [400, 'refused'], [401, 'unreachable'], [403, 'denied'], [404, 'gone'], [409, 'conflict'], [413, 'refused'], [422, 'refused'],
  [429, 'unreachable'], [500, 'failed'], [502, 'unreachable'], [503, 'unreachable'], [504, 'unreachable'],
];

for (const [code, failure] of meanings) {
  test(`${code} means ${failure}`, () => assert.equal(failureOf(new KubeError('', { code, reason: '' })), failure));
}

test('an error that is no answer costs one object', () => assert.equal(failureOf(new TypeError('x is undefined')), 'failed'));

test('a refusal names its fields, and not the rules that could not be checked', () => {
  const causes = [{ field: 'status.parents', message: 'Required value' }, { field: '<nil>', message: 'some rules were not checked' }, { message: 'no field' }];
  assert.deepEqual(refusedFields(new KubeError('', { code: 422, reason: 'Invalid', causes })), ['status.parents: Required value', 'no field']);
});
