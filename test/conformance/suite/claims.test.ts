import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Catalogue } from './catalogue.ts';
import { claimedFeatures } from './claims.ts';

const catalogue: Catalogue = {
  profiles: { HTTP: { core: ['Gateway'], extended: ['Port', 'Retry'] } },
  experimental: ['Retry'],
  tests: [{ name: 'Port', features: ['Gateway', 'Port'], parallel: false, provisional: false }],
};
const whole = { catalogue, supported: ['Gateway', 'Retry'], channel: 'experimental', runTest: undefined } as const;

test('a class that says what it supports is read by the suite itself', () => {
  assert.equal(claimedFeatures(whole), undefined);
});

test('a single test has its features claimed, or the report would count it as not supported', () => {
  assert.deepEqual(claimedFeatures({ ...whole, runTest: 'Port' }), ['Gateway', 'Port', 'Retry']);
});

test('features of the experimental channel are not claimed where its fields are missing', () => {
  assert.deepEqual(claimedFeatures({ ...whole, channel: 'standard' }), ['Gateway']);
});
