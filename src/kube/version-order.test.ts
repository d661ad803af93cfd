import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byNewestVersion } from './version-order.ts';

test('stable versions come before betas, betas before alphas, larger numbers before smaller ones, odd names last', () => {
  const versions = ['foo10', 'v1alpha2', 'v1', 'v2beta1', 'v10', 'v1beta2', 'v1alpha10', 'v2'];
  assert.deepEqual(versions.toSorted(byNewestVersion), ['v10', 'v2', 'v1', 'v2beta1', 'v1beta2', 'v1alpha10', 'v1alpha2', 'foo10']);
});
