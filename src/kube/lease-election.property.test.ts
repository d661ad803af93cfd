import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { silentLog } from '../util/log.ts';
import { KubeClient } from './client.ts';
import { noCredentials } from './credentials.ts';
import { KubeError } from './kube-error.ts';
import { LeaseElection } from './lease-election.ts';
import type { LeaseStore } from './lease-store.ts';
import type { KubeObject } from './object.ts';
import type { Timing } from './timing.ts';

/** Time that passes only when somebody says so. */
class VirtualTime {
  now = 0;
  readonly #due: { readonly at: number; readonly wake: () => void }[] = [];

  wait(ms: number): Promise<void> {
    return new Promise((wake) => this.#due.push({ at: this.now + Math.max(0, ms), wake }));
  }

  /** Goes on to the next thing that is due. */
  async step(): Promise<void> {
    this.#due.sort((a, b) => a.at - b.at);
    const next = this.#due.shift();
    if (next === undefined) throw new Error('nothing is due');
    this.now = next.at;
    next.wake();
    // All that follows from it without time passing.
    await new Promise(setImmediate);
  }
}

/** A repeatable source of chance (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * A Lease behind a bad network: requests and answers are late or lost, a request that its sender gave up may still be carried out,
 * and every now and then the whole network is away for half a minute.
 */
function badStore(world: { lease: KubeObject | undefined }, time: VirtualTime, random: () => number): LeaseStore {
  const delay = (): Promise<void> => time.wait(random() < 0.3 ? random() * 6000 : random() * 300);
  let awayUntil = 0;
  const isAway = (): boolean => {
    if (random() < 0.05) awayUntil = time.now + random() * 30_000;
    return time.now < awayUntil;
  };
  const within = <T>(timeoutMs: number, work: () => Promise<T>): Promise<T> =>
    Promise.race([work(), time.wait(timeoutMs).then((): never => { throw new KubeError('late', { code: 0, reason: 'Unreachable' }); })]);
  const call = <T>(timeoutMs: number, carryOut: () => T): Promise<T> => within(timeoutMs, async () => {
    await delay();
    if (isAway()) throw new KubeError('request lost', { code: 0, reason: 'Unreachable' });
    const result = carryOut();
    await delay();
    if (random() < 0.1) throw new KubeError('answer lost', { code: 0, reason: 'Unreachable' });
    return result;
  });
  return {
    read: (timeoutMs) => call(timeoutMs, () => world.lease),
    write: (former, spec, timeoutMs) => call(timeoutMs, () => {
      const version = world.lease?.metadata.resourceVersion;
      if (version !== former?.metadata.resourceVersion) throw new KubeError('conflict', { code: 409, reason: 'Conflict' });
      const metadata = { name: 'leader', namespace: 'default', resourceVersion: String(Number(version ?? 0) + 1) };
      world.lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
      return world.lease;
    }),
  };
}

test('there are never two leaders, whatever the network does, and there is one again and again', async () => {
  const client = new KubeClient({ connection: { server: 'http://127.0.0.1:1', tls: {}, credentials: noCredentials, namespace: 'default' }, userAgent: 'moongate/test' });
  await fc.assert(fc.asyncProperty(fc.integer(), async (seed) => {
    const random = chance(seed);
    const time = new VirtualTime();
    const world: { lease: KubeObject | undefined } = { lease: undefined };
    const elections = ['a', 'b', 'c'].map((identity) => {
      const offset = random() * 1e6;
      // A process may hang for a while: what it waited for comes late, and its clock went on.
      const timing: Timing = { now: () => time.now + offset, random, sleep: (ms) => time.wait(ms + (random() < 0.05 ? random() * 20_000 : 0)) };
      return new LeaseElection({
        client, namespace: 'default', name: 'leader', identity, log: silentLog, timing, store: badStore(world, time, random),
        // The least that keeps two leaders apart: whatever is wrong by a second shows.
        leaseDurationMs: 15_000, renewDeadlineMs: 14_999,
        onStarted() {}, onStopped() {},
      });
    });
    for (const election of elections) election.start();
    await new Promise(setImmediate);
    let led = 0;
    while (time.now < 600_000) {
      const before = time.now;
      const leads = elections.some((election) => election.isLeader);
      await time.step();
      if (leads) led += time.now - before;
      assert.ok(elections.filter((election) => election.isLeader).length <= 1, `two leaders at ${time.now} ms`);
    }
    assert.ok(led > 60_000, `somebody led for only ${led} ms of ten minutes`);
    let stopped = false;
    void Promise.all(elections.map((election) => election.stop())).then(() => (stopped = true));
    for (let i = 0; !stopped && i < 1000; i++) await time.step();
    assert.equal(stopped, true);
  }), { numRuns: 40, verbose: true });
  client.close();
});
