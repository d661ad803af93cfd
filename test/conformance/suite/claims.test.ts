import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Catalogue } from './catalogue.ts';
import { claimedFeatures } from './claims.ts';

const catalogue: Catalogue = {
  profiles: { HTTP: { core: ['Gateway'], extended: ['Port', 'Retry'] } },
  experimental: [],
  tests: [{ name: 'Port', features: ['Gateway', 'Port'], parallel: false, provisional: false, manifests: [] }],
};
const whole = { catalogue, supported: ['Gateway', 'Retry'], missing: [], runTest: undefined };

test('a class that says what it supports is read by the suite itself', () => {
  assert.equal(claimedFeatures(whole), undefined);
});

test('a single test has its features claimed, or the report would count it as not supported', () => {
  assert.deepEqual(claimedFeatures({ ...whole, runTest: 'Port' }), ['Gateway', 'Port', 'Retry']);
});

test('features that need what the CRDs lack are not claimed', () => {
  assert.deepEqual(claimedFeatures({ ...whole, missing: ['Retry'] }), ['Gateway']);
});
