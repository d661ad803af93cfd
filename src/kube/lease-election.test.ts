import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { silentLog } from '../util/log.ts';
import { eventually } from './api-server.suite.ts';
import { LeaseElection } from './lease-election.ts';
import type { LeaseElectionOptions } from './lease-election.ts';
import { FakeApiServer, quickTiming, Refusal } from './testing.ts';

const LEASE = 'default/leader';

/** A member of an election at a fake server, at ten times the speed. */
function member(context: TestContext, server: FakeApiServer, identity: string, options: Partial<LeaseElectionOptions> = {}): { election: LeaseElection; events: string[]; signals: AbortSignal[] } {
  const events: string[] = [];
  const signals: AbortSignal[] = [];
  const client = server.client(1000);
  const election = new LeaseElection({
    client, namespace: 'default', name: 'leader', identity, log: silentLog, timing: quickTiming(10),
    onStarted: (signal) => {
      events.push('starts');
      signals.push(signal);
    },
    onStopped: () => void events.push('stops'),
    ...options,
  });
  context.after(async () => {
    await election.stop();
    client.close();
  });
  return { election, events, signals };
}

function spec(server: FakeApiServer): Record<string, unknown> {
  return server.store.get('coordination.k8s.io/leases', LEASE)['spec'] as Record<string, unknown>;
}

describe('lease election', () => {
  test('the Lease says who leads, since when, and how often that changed', async (context) => {
    const server = await FakeApiServer.start(context);
    const date = (): Date => new Date('2026-02-03T04:05:06.789Z');
    const { election } = member(context, server, 'a', { date });
    election.start();
    await eventually(() => election.isLeader, 'leadership');
    assert.deepEqual(spec(server), {
      holderIdentity: 'a', leaseDurationSeconds: 15, acquireTime: '2026-02-03T04:05:06.789000Z', renewTime: '2026-02-03T04:05:06.789000Z', leaseTransitions: 0,
    });
    await election.stop();
    assert.equal(spec(server)['holderIdentity'], '');
    assert.equal(spec(server)['leaseDurationSeconds'], 1);
    const second = member(context, server, 'b', { date });
    second.election.start();
    await eventually(() => second.election.isLeader, 'the next leader');
    assert.equal(spec(server)['leaseTransitions'], 1);
  });

  test('the holder renews without reading', async (context) => {
    const server = await FakeApiServer.start(context);
    const { election } = member(context, server, 'a');
    election.start();
    await eventually(() => server.requests.filter(({ method }) => method === 'PUT').length >= 3, 'three renewals');
    assert.equal(server.requests.filter(({ method }) => method === 'GET').length, 1);
    assert.equal(election.isLeader, true);
  });

  test('a holder whose server is away stops leading in time, and leads again when it is back', async (context) => {
    const server = await FakeApiServer.start(context);
    const { election, events, signals } = member(context, server, 'a');
    election.start();
    await eventually(() => election.isLeader, 'leadership');
    await server.down();
    await eventually(() => events.includes('stops'), 'the end of leadership');
    assert.equal(election.isLeader, false);
    assert.equal(signals[0]?.aborted, true);
    await server.up();
    await eventually(() => election.isLeader, 'leadership again');
    assert.deepEqual(events, ['starts', 'stops', 'starts']);
    assert.equal(spec(server)['leaseTransitions'], 0);
  });

  test('one who cannot write does not lead', async (context) => {
    const server = await FakeApiServer.start(context);
    server.intercept = ({ method }) => (method === 'GET' ? undefined : new Refusal(403, 'Forbidden', 'no'));
    const { election, events } = member(context, server, 'a');
    election.start();
    await eventually(() => server.requests.filter(({ method }) => method === 'POST').length >= 3, 'three attempts');
    assert.equal(election.isLeader, false);
    assert.deepEqual(events, []);
  });

  test('a holder from whom somebody took the lease stops at once', async (context) => {
    const server = await FakeApiServer.start(context);
    const { election, events } = member(context, server, 'a');
    election.start();
    await eventually(() => election.isLeader, 'leadership');
    server.store.mergePatch('coordination.k8s.io/leases', LEASE, { spec: { holderIdentity: 'thief', leaseDurationSeconds: 3600 } });
    await eventually(() => events.includes('stops'), 'the end of leadership');
    assert.equal(election.leader, 'thief');
  });

  test('a deleted Lease is made again by its holder', async (context) => {
    const server = await FakeApiServer.start(context);
    const { election, events } = member(context, server, 'a');
    election.start();
    await eventually(() => election.isLeader, 'leadership');
    server.store.delete('coordination.k8s.io/leases', LEASE);
    await eventually(() => server.store.list('coordination.k8s.io/leases', {}).length === 1, 'the Lease');
    assert.equal(election.isLeader, true);
    assert.deepEqual(events, ['starts']);
  });

  test('a lease whose holder is silent is taken after its duration, not before', async (context) => {
    const server = await FakeApiServer.start(context);
    server.store.create('coordination.k8s.io/leases', {
      metadata: { name: 'leader' },
      spec: { holderIdentity: 'dead', leaseDurationSeconds: 5, renewTime: '2020-01-01T00:00:00.000000Z', leaseTransitions: 7 },
    }, 'default');
    const timing = quickTiming(10);
    const begun = timing.now();
    const { election } = member(context, server, 'a', { timing });
    election.start();
    await eventually(() => election.isLeader, 'leadership');
    assert.ok(timing.now() - begun >= 5000, 'the clock of the dead holder does not count');
    assert.equal(spec(server)['leaseTransitions'], 8);
  });

  test('the lease is not released before the leader\'s work is done', async (context) => {
    const server = await FakeApiServer.start(context);
    const work = Promise.withResolvers<void>();
    const { election } = member(context, server, 'a', { onStopped: () => work.promise });
    election.start();
    await eventually(() => election.isLeader, 'leadership');
    const stopped = election.stop();
    await eventually(() => !election.isLeader, 'the end of leadership');
    assert.equal(spec(server)['holderIdentity'], 'a');
    work.resolve();
    await stopped;
    assert.equal(spec(server)['holderIdentity'], '');
  });

  test('durations that could make two leaders are refused', async (context) => {
    const server = await FakeApiServer.start(context);
    assert.throws(() => member(context, server, 'a', { renewDeadlineMs: 15_000 }), /leaseDuration \(15000 ms\) must be longer than renewDeadline \(15000 ms\)/);
    assert.throws(() => member(context, server, 'a', { retryPeriodMs: 9000 }), /longer than 1.2 × retryPeriod/);
  });
});
