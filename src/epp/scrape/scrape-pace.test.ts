import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { scrapeInterval, type Pace } from './scrape-pace.ts';

const busy: Pace = { intervalMs: 50, idleIntervalMs: 1000, isBusy: true, isPoolBusy: true, idleAnswers: 0, failures: 0, scanMs: 0.1 };
const idle: Pace = { ...busy, isBusy: false, isPoolBusy: false };

describe('the interval of a server that', () => {
  const cases: readonly (readonly [string, Pace, number])[] = [
    ['is busy', busy, 50],
    ['is busy after it was idle', { ...busy, idleAnswers: 9 }, 50],
    ['has just become idle', idle, 50],
    ['is idle for a little', { ...idle, idleAnswers: 2 }, 200],
    ['is idle for long', { ...idle, idleAnswers: 1e6 }, 1000],
    ['is idle for long while others are busy', { ...idle, idleAnswers: 1e6, isPoolBusy: true }, 200],
    ['is idle, and is asked more often than it would be among busy ones', { ...idle, idleAnswers: 9, isPoolBusy: true, idleIntervalMs: 100 }, 100],
    ['is to be asked less often than idle ones', { ...idle, idleAnswers: 9, intervalMs: 5000 }, 5000],
    ['failed once', { ...busy, failures: 1 }, 50],
    ['failed thrice', { ...busy, failures: 3 }, 100],
    ['fails', { ...busy, failures: 1e6 }, 1000],
    ['fails, idle or not', { ...idle, failures: 3, idleAnswers: 9 }, 100],
    ['answers at length', { ...busy, scanMs: 10 }, 200],
  ];
  for (const [name, pace, expected] of cases) test(name, () => assert.equal(scrapeInterval(pace), expected));
});
