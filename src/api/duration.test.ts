import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { durationMs } from './duration.ts';

test('a duration is the sum of its parts', () => {
  const cases = { '0s': 0, '1h30m': 5_400_000, '500ms': 500, '1s500ms': 1500, '1m1ms': 60_001, '99999h': 359_996_400_000, '2m1m': 180_000 };
  for (const [text, ms] of Object.entries(cases)) assert.equal(durationMs(text), ms, text);
});

test('what is no duration of the Gateway API has no length', () => {
  for (const text of ['', '1', '1.5s', '-1s', '1d', '100000s', '1h1m1s1ms1ms', ' 1s', '1 s', '1S']) assert.equal(durationMs(text), undefined, text);
});

test('parts in any order add up', () => {
  const units = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;
  const part = fc.tuple(fc.nat(99_999), fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])));
  fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
    assert.equal(durationMs(parts.map(([n, unit]) => `${n}${unit}`).join('')), parts.reduce((sum, [n, unit]) => sum + n * units[unit], 0));
  }));
});
