import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summaryLine } from './summary.ts';

const clean = { profile: 'GATEWAY-HTTP', core: { passed: 36, of: 36 }, extended: { passed: 35, of: 36 }, notClaimed: new Map<string, number>(), surprises: [] };

test('a summary counts what passed', () => {
  assert.equal(summaryLine(clean), 'GATEWAY-HTTP: core 36/36, extended 35/36');
});

test('a summary says what was left out, most first, and that something is not as expected', () => {
  const notClaimed = new Map([['BackendTLSPolicy', 8], ['ListenerSet', 12]]);
  assert.equal(
    summaryLine({ ...clean, notClaimed, surprises: ['X failed, expected: a pass'] }),
    'GATEWAY-HTTP: core 36/36, extended 35/36 (20 not claimed: ListenerSet 12, BackendTLSPolicy 8; 1 not as expected)',
  );
});
