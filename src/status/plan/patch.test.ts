import assert from 'node:assert/strict';
import { test } from 'node:test';

import { statusPatch } from './patch.ts';

const observed = { uid: 'u', resourceVersion: '7', generation: 1, apiVersion: 'gateway.networking.k8s.io/v1' };

test('a patch has the fields that change, and removes those that go', () => {
  const patch = statusPatch({ ...observed, status: { same: [1, { a: 1 }], changed: [1, 2], gone: 3 } }, { same: [1, { a: 1 }], changed: [2], added: 0 });
  assert.deepEqual(patch, { metadata: { resourceVersion: '7', uid: 'u' }, status: { changed: [2], added: 0, gone: null } });
});

test('a patch of an object without a status has all of it', () => {
  assert.deepEqual(statusPatch({ ...observed, status: undefined }, { parents: [] }).status, { parents: [] });
});
