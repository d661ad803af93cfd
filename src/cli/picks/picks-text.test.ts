import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PoolPicks } from '../../admin/picks.ts';
import { picksText } from './picks-text.ts';

const pick: PoolPicks['picks'][number] = {
  sequence: 7,
  at: 1_000,
  requestId: 'r-1',
  model: 'llama',
  targetModel: 'llama',
  profile: 'default',
  filters: [{ name: 'decode-filter', left: 2 }],
  candidates: [
    { name: 'shop/a-rank-0', total: 4.5, scores: { 'queue-scorer': { score: 1, weight: 2 }, 'prefix-cache-scorer': { score: 0.5, weight: 5 } } },
    { name: 'shop/b-rank-0', total: 2, scores: { 'queue-scorer': { score: 1, weight: 2 }, 'prefix-cache-scorer': { score: 0, weight: 5 } } },
  ],
  picked: ['shop/a-rank-0', 'shop/b-rank-0'],
  servedBy: 'shop/b-rank-0',
  endedAfter: 81.6,
};

test('picks are a line each, with the server that answered where it was another', () => {
  assert.equal(picksText([{ pool: 'shop/llama', picks: [pick] }]), `shop/llama
REQUEST   MODEL   SERVER     OUTCOME                BEST SCORES
r-1       llama   a-rank-0   82 ms, by b-rank-0     a-rank-0 4.50, b-rank-0 2.00
`.replace('rank-0     a', 'rank-0   a').replace('OUTCOME                BEST', 'OUTCOME              BEST'));
});

test('a wide view has every score and what filters left', () => {
  assert.equal(picksText([{ pool: 'shop/llama', picks: [pick] }], { wide: true }), `shop/llama
request r-1, model llama: profile default, sent to a-rank-0, then b-rank-0; 82 ms, by b-rank-0
  decode-filter left 2
  SERVER     TOTAL   queue-scorer ×2   prefix-cache-scorer ×5
  a-rank-0   4.50    1.00              0.50
  b-rank-0   2.00    1.00              0.00
`);
});

test('that there is nothing is said', () => {
  assert.equal(picksText([]), 'No pool is served.\n');
  assert.equal(picksText([{ pool: 'shop/llama', picks: [] }]), 'shop/llama\nNo picks yet.\n');
});
