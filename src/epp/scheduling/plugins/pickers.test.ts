import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testEndpoint, testRandom, testRequest } from '../../testing.ts';
import { newDecision, type Picker } from '../plugin.ts';
import type { PluginType } from '../plugin-type.ts';
import { maxScorePicker } from './pickers/max-score-picker.ts';
import { randomPicker } from './pickers/random-picker.ts';
import { weightedRandomPicker } from './pickers/weighted-random-picker.ts';
import { made, picks } from './testing.ts';

const decision = newDecision(testRequest(), 0);
const candidates = Array.from({ length: 8 }, (_, slot) => testEndpoint(slot));

/** How often each slot was first, in so many picks. */
function firsts(type: PluginType, totals: readonly number[], rounds: number, parameters: object = {}): number[] {
  const picker = made<Picker>(type, parameters, { random: testRandom(7) });
  const counts = totals.map(() => 0);
  for (let i = 0; i < rounds; i++) {
    const [first = -1] = picks(picker, decision, candidates.slice(0, totals.length), totals);
    counts[first] = (counts[first] ?? 0) + 1;
  }
  return counts;
}

/** Within five standard deviations of what chance gives. */
function assertShares(counts: readonly number[], shares: readonly number[], rounds: number): void {
  counts.forEach((count, i) => {
    const share = shares[i] ?? 0;
    assert.ok(Math.abs(count - share * rounds) <= 5 * Math.sqrt(rounds * share * (1 - share)), `slot ${i}: ${count} of ${rounds}, not ${share}`);
  });
}

test('max-score-picker: equals have equal chances, wherever they are in the list, and nobody else has any', () => {
  assertShares(firsts(maxScorePicker, [1, 3, 2, 3, 0, 3, 1, 2], 9000), [0, 1 / 3, 0, 1 / 3, 0, 1 / 3, 0, 0], 9000);
  assertShares(firsts(maxScorePicker, Array.from({ length: 8 }, () => 7), 8000), Array.from({ length: 8 }, () => 1 / 8), 8000);
  assertShares(firsts(maxScorePicker, [3, 3, 1], 9000, { maxNumOfEndpoints: 3 }), [0.5, 0.5, 0], 9000);
});

test('max-score-picker: what to fall back to comes by total', () => {
  assert.deepEqual(picks(made(maxScorePicker, { maxNumOfEndpoints: 3 }), decision, candidates.slice(0, 5), [1, 5, 3, 4, 2]), [1, 3, 2]);
  assert.deepEqual(picks(made(maxScorePicker, { maxNumOfEndpoints: 9 }), decision, candidates.slice(0, 2), [1, 5]), [1, 0]);
  const picker = made<Picker>(maxScorePicker, { maxNumOfEndpoints: 2 });
  for (let i = 0; i < 3; i++) assert.deepEqual(picks(picker, decision, candidates.slice(0, 3), [1, 2, 3]), [2, 1], 'nothing is left of the pick before');
});

test('random-picker: everybody has the same chance, and nobody is named twice', () => {
  assertShares(firsts(randomPicker, [9, 0, 0, 0], 8000), [0.25, 0.25, 0.25, 0.25], 8000);
  assertShares(firsts(randomPicker, [9, 0, 0, 0], 8000, { maxNumOfEndpoints: 2 }), [0.25, 0.25, 0.25, 0.25], 8000);
  assert.deepEqual(picks(made(randomPicker, { maxNumOfEndpoints: 4 }), decision, candidates.slice(0, 4), []).sort((a, b) => a - b), [0, 1, 2, 3]);
});

test('weighted-random-picker: chances are as totals, and equal when there are none', () => {
  assertShares(firsts(weightedRandomPicker, [6, 3, 1, 0], 10_000), [0.6, 0.3, 0.1, 0], 10_000);
  assertShares(firsts(weightedRandomPicker, [0, 0], 8000), [0.5, 0.5], 8000);
  const [, , third] = picks(made(weightedRandomPicker, { maxNumOfEndpoints: 3 }), decision, candidates.slice(0, 3), [1, 0, 1]);
  assert.equal(third, 1, 'who has no weight comes last');
});
