import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Timing } from '../../kube/timing.ts';
import { WorkQueue } from './work-queue.ts';

/** Time that stands still until somebody is woken. */
function stoppedTime(): { readonly timing: Timing; readonly sleeps: { readonly ms: number; readonly wake: () => void }[] } {
  const sleeps: { ms: number; wake: () => void }[] = [];
  const sleep = (ms: number, signal: AbortSignal): Promise<void> => new Promise((resolve) => {
    sleeps.push({ ms, wake: resolve });
    signal.addEventListener('abort', () => resolve());
  });
  return { timing: { now: () => 0, random: () => 0, sleep }, sleeps };
}

interface Job {
  readonly item: string;
  readonly signal: AbortSignal;
  readonly finish: (waitMs?: number) => void;
}

function setUp(concurrency = 2): { readonly queue: WorkQueue; readonly jobs: Job[]; readonly sleeps: ReturnType<typeof stoppedTime>['sleeps'] } {
  const { timing, sleeps } = stoppedTime();
  const jobs: Job[] = [];
  const work = (item: string, signal: AbortSignal): Promise<number | undefined> => new Promise((resolve) => jobs.push({ item, signal, finish: resolve }));
  return { queue: new WorkQueue({ concurrency, timing, work }), jobs, sleeps };
}

/** Lets everything happen that waits for nothing else. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const items = (jobs: readonly Job[]): string[] => jobs.map(({ item }) => item);

test('items are worked on a few at a time, once work may be done', async () => {
  const { queue, jobs } = setUp();
  queue.add(['a', 'b', 'c', 'a']);
  assert.deepEqual(items(jobs), []);
  queue.permit(true);
  assert.deepEqual(items(jobs), ['a', 'b']);
  jobs[0]?.finish();
  await settled();
  assert.deepEqual(items(jobs), ['a', 'b', 'c']);
});

test('an item that is added while it is worked on is looked at once more, by nobody else meanwhile', async () => {
  const { queue, jobs } = setUp();
  queue.permit(true);
  queue.add(['a']);
  queue.add(['a']);
  queue.add(['a']);
  assert.deepEqual(items(jobs), ['a']);
  jobs[0]?.finish();
  await settled();
  assert.deepEqual(items(jobs), ['a', 'a']);
  jobs[1]?.finish();
  await settled();
  assert.deepEqual(items(jobs), ['a', 'a']);
});

test('an item that asks for it is left alone for a while, and a hurry ends that', async () => {
  const { queue, jobs, sleeps } = setUp();
  queue.permit(true);
  queue.add(['a']);
  jobs[0]?.finish(500);
  await settled();
  assert.deepEqual(sleeps.map(({ ms }) => ms), [500]);
  queue.add(['a']);
  assert.deepEqual(items(jobs), ['a'], 'it waits');
  sleeps[0]?.wake();
  await settled();
  assert.deepEqual(items(jobs), ['a', 'a']);
  jobs[1]?.finish(1000);
  await settled();
  queue.hurry('a');
  queue.add(['a']);
  assert.deepEqual(items(jobs), ['a', 'a', 'a']);
});

test('when work may no longer be done, what is under way is given up and nothing else begins', async () => {
  const { queue, jobs } = setUp(1);
  queue.permit(true);
  queue.add(['a', 'b']);
  queue.permit(false);
  assert.equal(jobs[0]?.signal.aborted, true);
  jobs[0]?.finish(100);
  await settled();
  assert.deepEqual(items(jobs), ['a']);
  queue.permit(true);
  assert.deepEqual(items(jobs), ['a', 'b']);
  const stopped = queue.stop();
  jobs[1]?.finish();
  await stopped;
});
