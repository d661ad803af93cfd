import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testEndpoint } from '../testing.ts';
import { estimatedKvUsage, estimatedRequests, estimatedRunning, estimatedWaiting, hitWorth } from './load.ts';

test('with nothing sent and nothing ended since the scrape, the estimates are what the server said', () => {
  const endpoint = testEndpoint(0, { waiting: 3, running: 7, kvCacheUsage: 0.25, blocks: 100, blockSize: 16, inFlight: 9, inFlightTokens: 500 });
  assert.deepEqual([estimatedWaiting(endpoint), estimatedRunning(endpoint), estimatedRequests(endpoint), estimatedKvUsage(endpoint), hitWorth(endpoint, 0)], [3, 7, 10, 0.25, 1]);
});

test('what was sent since waits behind a queue, and mostly runs where there is none', () => {
  const sent = { inFlight: 12, inFlightAtScrape: 8 };
  const queued = testEndpoint(0, { waiting: 3, running: 7, ...sent });
  assert.deepEqual([estimatedWaiting(queued), estimatedRunning(queued), estimatedRequests(queued)], [7, 7, 14]);
  const free = testEndpoint(0, { running: 7, ...sent });
  assert.deepEqual([estimatedWaiting(free), estimatedRunning(free), estimatedRequests(free)], [1, 11, 11]);
});

test('what ended since makes room for those that wait', () => {
  const ended = (more: number) => testEndpoint(0, { waiting: 3, running: 7, inFlight: 10 - more, inFlightAtScrape: 10 });
  assert.deepEqual([2, 3, 5, 10].map((more) => [estimatedWaiting(ended(more)), estimatedRunning(ended(more))]), [[1, 7], [0, 7], [0, 5], [0, 0]]);
  assert.deepEqual(estimatedRunning(testEndpoint(0, { running: 2, inFlight: 0, inFlightAtScrape: 9 })), 0);
});

test('prompts sent since take their share of the KV cache, which is never more than full', () => {
  const endpoint = (inFlightTokens: number) => testEndpoint(0, { kvCacheUsage: 0.5, blocks: 100, blockSize: 16, inFlight: 4, inFlightAtScrape: 2, inFlightTokens });
  assert.deepEqual([estimatedKvUsage(endpoint(320)), estimatedKvUsage(endpoint(1e9))], [0.6, 1]);
  assert.equal(estimatedKvUsage(testEndpoint(0, { kvCacheUsage: 0.5, inFlight: 4, inFlightAtScrape: 0, inFlightTokens: 320 })), 0.5, 'nobody knows how large it is');
});

test('a hit is worth less the more was sent above the least loaded, and load that was scraped does not count', () => {
  const worth = (sent: number, running: number, least: number) => hitWorth(testEndpoint(0, { running, inFlight: sent, inFlightAtScrape: 0 }), least);
  assert.deepEqual([worth(1, 0, 0), worth(2, 0, 0), worth(5, 0, 0)], [0.5, 0, 0]);
  assert.deepEqual([worth(1, 8, 8), worth(5, 8, 8)], [0.9, 0.5]);
  assert.equal(worth(1, 50, 8), 0.9, 'only the one that was sent');
  assert.equal(worth(3, 0, 3), 1, 'nobody has less');
});
