import assert from 'node:assert/strict';
import { test } from 'node:test';

import { paceAfterWrite, type Pace } from './pace.ts';

const bounds = { firstMs: 100, maxMs: 1000 };

test('what goes on changing is written ever more seldom, up to a limit', () => {
  let pace: Pace | undefined;
  const intervals: number[] = [];
  for (let i = 0; i < 6; i++) {
    pace = paceAfterWrite(pace, pace?.nextAt ?? 0, bounds);
    intervals.push(pace.intervalMs);
  }
  assert.deepEqual(intervals, [100, 200, 400, 800, 1000, 1000]);
});

test('after a rest the pace is that of a first write', () => {
  const pace = paceAfterWrite({ nextAt: 1000, intervalMs: 800 }, 1800, bounds);
  assert.deepEqual(pace, { nextAt: 1900, intervalMs: 100 });
});
