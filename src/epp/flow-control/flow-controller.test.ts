import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { made } from '../scheduling/plugins/testing.ts';
import { staticUsageLimitPolicy } from '../scheduling/plugins/usage-limits/static-usage-limit-policy.ts';
import { priorityHoldbackPolicy } from '../scheduling/plugins/usage-limits/priority-holdback-policy.ts';
import { softReflectiveCeilingPolicy } from '../scheduling/plugins/usage-limits/soft-reflective-ceiling-policy.ts';
import { bandIdleMs, maxDynamicBands } from './bands.ts';
import { mostExpiredAtOnce } from './flow-controller.ts';
import { TestPool } from './testing.ts';

test('what has room goes at once, the rest waits for an end, the highest priority first', () => {
  const pool = new TestPool({ each: 2 });
  assert.equal(pool.send('a').kind, 'dispatched');
  assert.equal(pool.send('b').kind, 'dispatched');
  assert.equal(pool.send('c').kind, 'waiting');
  pool.send('d', { priority: 5 });
  pool.send('e', { priority: -5 });
  assert.deepEqual([pool.control.waiting.size, pool.control.waiting.bytes, pool.control.inFlight], [3, 3000, 2]);
  pool.heard();
  for (const id of ['a', 'b', 'd', 'c', 'e']) pool.end(id);
  assert.deepEqual(pool.heard(), ['0 d dispatched', '0 c dispatched', '0 e dispatched']);
  assert.deepEqual([pool.control.waiting.size, pool.control.waiting.bytes, pool.control.inFlight, pool.control.coming], [0, 0, 0, 0]);
  assert.equal(pool.timers.pending, 0, 'nobody waits, so nothing is timed');
});

test('a burst in one turn is admitted as far as there is room, whether it is placed at once or later', () => {
  for (const onTurn of [undefined, () => {}]) {
    const pool = new TestPool({ servers: 4, each: 10 });
    if (onTurn !== undefined) pool.onTurn = onTurn;
    for (let i = 0; i < 1000; i++) pool.send(`r${i}`);
    assert.deepEqual([pool.control.outcomes.Dispatched, pool.control.waiting.size], [40, 960]);
  }
});

test('several that end at once let as many go', () => {
  const pool = new TestPool({ servers: 0, each: 3 });
  for (const id of 'abcde') pool.send(id);
  pool.scale(1);
  assert.deepEqual(pool.heard(), ['0 a dispatched', '0 b dispatched', '0 c dispatched']);
});

describe('waiting in vain', () => {
  test('a request expires when its time is over, to the millisecond, and not before', () => {
    const pool = new TestPool({ each: 1, defaultRequestTtlMs: 250 });
    pool.send('a');
    pool.timers.advance(100.5);
    pool.send('b');
    pool.timers.advance(10);
    pool.send('c');
    pool.timers.advance(239.9);
    assert.deepEqual(pool.heard(), ['0 a dispatched']);
    pool.timers.advance(100);
    assert.deepEqual(pool.heard(), ['350.5 b rejected-ttl-expired 429', '360.5 c rejected-ttl-expired 429']);
    assert.equal(pool.control.outcomes.EvictedTTL, 2);
  });

  test('what has expired is not dispatched, though the timer has not rung', () => {
    const pool = new TestPool({ each: 1, defaultRequestTtlMs: 100 });
    pool.send('a');
    pool.send('b');
    // A clock that has gone on without timers, as when the process was busy.
    pool.timers.now = () => 100;
    pool.end('a');
    assert.deepEqual(pool.heard(), ['0 a dispatched', '100 b rejected-ttl-expired 429']);
  });

  test('in an empty pool another time counts, and anew from when the pool became empty or ceased to be', () => {
    const pool = new TestPool({ servers: 0, each: 1, defaultRequestTtlMs: 100, noEndpointRequestTtlMs: 1000 });
    for (const id of 'abcd') pool.send(id);
    pool.timers.advance(990);
    pool.scale(1);
    pool.timers.advance(99);
    assert.deepEqual(pool.heard(), ['990 a dispatched']);
    pool.scale(0);
    pool.timers.advance(999);
    pool.scale(1);
    pool.timers.advance(99);
    assert.deepEqual(pool.heard(), []);
    pool.timers.advance(1);
    assert.deepEqual(pool.heard(), ['2188 b rejected-ttl-expired 429', '2188 c rejected-ttl-expired 429', '2188 d rejected-ttl-expired 429']);
    pool.scale(0);
    pool.send('e');
    pool.timers.advance(1000);
    assert.deepEqual(pool.heard(), ['3188 e rejected-no-endpoints 503']);
  });

  test('without limits nobody expires', () => {
    const pool = new TestPool({ each: 1, defaultRequestTtlMs: 0, noEndpointRequestTtlMs: 0 });
    pool.send('a');
    pool.send('b');
    pool.scale(0);
    assert.equal(pool.timers.pending, 0);
    pool.timers.advance(1e9);
    assert.deepEqual(pool.heard(), ['0 a dispatched']);
  });

  test('very long waits are no short ones', () => {
    const pool = new TestPool({ each: 1, defaultRequestTtlMs: 2 ** 33 });
    pool.send('a');
    pool.send('b');
    pool.timers.advance(2 ** 33 - 1);
    assert.equal(pool.control.waiting.size, 1);
    pool.timers.advance(1);
    assert.deepEqual(pool.heard().at(-1), `${2 ** 33} b rejected-ttl-expired 429`);
  });

  test('a crowd that expires at once is told in several turns, and none of it is dispatched meanwhile', () => {
    const pool = new TestPool({ each: 1, defaultRequestTtlMs: 100 });
    pool.send('first');
    const crowd = 3 * mostExpiredAtOnce;
    for (let i = 0; i < crowd; i++) pool.send(`r${i}`);
    const told: number[] = [];
    pool.timers.now = () => 100;
    pool.control.wake();
    told.push(pool.control.outcomes.EvictedTTL);
    pool.end('first');
    told.push(pool.control.outcomes.EvictedTTL);
    pool.timers.advance(100);
    told.push(pool.control.outcomes.EvictedTTL);
    assert.deepEqual(told, [mostExpiredAtOnce, 2 * mostExpiredAtOnce, crowd]);
    assert.equal(pool.control.outcomes.Dispatched, 1);
  });
});

describe('limits', () => {
  const limits = [
    { what: 'requests of a priority', options: { band: { maxRequests: 2 } } },
    { what: 'bytes of a priority', options: { band: { maxBytes: 2500 } } },
    { what: 'requests of all', options: { maxRequests: 2 } },
    { what: 'bytes of all', options: { maxBytes: 2500 } },
  ];
  for (const { what, options } of limits) {
    test(`${what}: who would be too many does not wait`, () => {
      const pool = new TestPool({ each: 1, ...options });
      for (const id of 'abcd') pool.send(id);
      assert.deepEqual(pool.heard(), ['0 a dispatched', '0 d rejected-saturated 429']);
      pool.end('b');
      assert.equal(pool.send('e').kind, 'waiting');
      pool.scale(0);
      assert.equal(pool.send('f').kind, 'rejected');
      assert.deepEqual(pool.heard(), ['0 f rejected-no-endpoints 503']);
      assert.deepEqual([pool.control.waiting.size, pool.control.waiting.bytes], [2, 2000]);
    });
  }

  test('a request that need not wait may be as large as it likes', () => {
    const pool = new TestPool({ each: 1, band: { maxBytes: 10 } });
    assert.equal(pool.send('a', { bodyBytes: 1000 }).kind, 'dispatched');
  });

  test('one priority that is full leaves room for others', () => {
    const pool = new TestPool({ each: 1, band: { maxRequests: 1 } });
    assert.deepEqual(['a', 'b', 'c'].map((id) => pool.send(id).kind), ['dispatched', 'waiting', 'rejected']);
    assert.equal(pool.send('d', { priority: -1 }).kind, 'waiting');
  });
});

describe('bands', () => {
  test('priorities that are not configured come, and go when nothing of them has come for long', () => {
    const pool = new TestPool({ each: 1, priorities: [3] });
    const priorities = () => pool.control.bands.map(({ priority }) => priority);
    pool.send('a', { priority: 3 });
    for (const priority of [-2, 8, 0]) pool.send(`r${priority}`, { priority });
    assert.deepEqual(priorities(), [8, 3, 0, -2]);
    pool.end('r8');
    pool.timers.advance(bandIdleMs - 1);
    pool.send('b', { priority: -2 });
    pool.timers.advance(1001);
    pool.send('c', { priority: 3 });
    assert.deepEqual(priorities(), [3, -2]);
  });

  test('those below 0 may have limits of their own', () => {
    const negative = { maxBytes: 1e9, maxRequests: 1, fairnessPolicy: '', orderingPolicy: '' };
    const pool = new TestPool({ each: 1, defaultNegativeBand: negative });
    const kinds = (priority: number) => [1, 2].map((i) => pool.send(`${priority}/${i}`, { priority }).kind);
    pool.send('running');
    assert.deepEqual([0, -1, -2].map(kinds), [['waiting', 'waiting'], ['waiting', 'rejected'], ['waiting', 'rejected']]);
  });

  test('there are only so many, of which those that nobody needs give way', () => {
    const pool = new TestPool({ each: 1, defaultRequestTtlMs: 0 });
    for (let priority = 1; priority <= maxDynamicBands; priority++) pool.send(`r${priority}`, { priority });
    assert.equal(pool.send('more', { priority: 1000 }).kind, 'waiting', 'that of the one that went at once was free');
    assert.equal(pool.send('too many', { priority: 1001 }).kind, 'rejected');
    assert.equal(pool.control.bands.length, maxDynamicBands);
  });
});

describe('usage limits', () => {
  test('while the pool is too full for a priority no lower one is served, though nobody of the higher one waits', () => {
    const pool = new TestPool({ each: 4, priorities: [1, 0], usageLimit: made(staticUsageLimitPolicy, { threshold: 0.5 }) });
    for (const id of 'abc') pool.send(id, { priority: 0 });
    assert.deepEqual(pool.heard(), ['0 a dispatched', '0 b dispatched']);
  });

  test('the last room is held back for higher priorities', () => {
    const pool = new TestPool({ each: 10, priorities: [1, 0], usageLimit: made(priorityHoldbackPolicy, { minCeiling: 0.5 }) });
    for (let i = 0; i < 20; i++) pool.send(`low${i}`);
    assert.equal(pool.control.inFlight, 5);
    for (let i = 0; i < 20; i++) pool.send(`high${i}`, { priority: 1 });
    assert.equal(pool.control.inFlight, 10);
  });

  test('where ceilings change with time, requests need no other event', () => {
    const pool = new TestPool({ each: 10_000, priorities: [1, 0], usageLimit: made(softReflectiveCeilingPolicy) });
    for (let i = 0; i < 8000; i++) pool.send(`high${i}`, { priority: 1 });
    for (let i = 0; i < 10; i++) pool.send(`low${i}`);
    pool.heard();
    pool.timers.advance(22);
    const times = pool.heard().map((event) => parseInt(event, 10));
    assert.deepEqual(times.map((time) => time - (times[0] ?? 0)), [0, 3, 6, 9, 12, 15, 18], 'at 0.8 one chance in four: one attempt in the turn of the last, then one for each millisecond');
  });

  test('an empty pool is no pool with room, whatever the limit', () => {
    const pool = new TestPool({ servers: 0, usageLimit: made(staticUsageLimitPolicy, { threshold: 2 }) });
    assert.equal(pool.send('a').kind, 'waiting');
  });
});

describe('ends', () => {
  test('a client may go at any time, any number of times', () => {
    const pool = new TestPool({ each: 1 });
    for (const id of 'abcd') pool.send(id);
    pool.end('c');
    pool.end('c');
    pool.end('a');
    pool.end('b');
    pool.end('b');
    assert.deepEqual(pool.heard(), ['0 a dispatched', '0 b dispatched', '0 d dispatched']);
    assert.deepEqual([pool.control.outcomes.EvictedContextCancelled, pool.control.inFlight], [1, 1]);
  });

  test('one that ends in its turn makes room for the next', () => {
    const pool = new TestPool({ each: 1 });
    pool.send('a');
    for (const id of 'bcd') pool.send(id);
    pool.onTurn = (id) => (id === 'd' ? pool.place(id) : pool.end(id));
    pool.end('a');
    assert.deepEqual(pool.heard().slice(1), ['0 b dispatched', '0 c dispatched', '0 d dispatched']);
    assert.deepEqual([pool.control.inFlight, pool.control.coming], [1, 0]);
  });

  test('one that sends others in its turn gets them served, too', () => {
    const pool = new TestPool({ each: 1 });
    pool.send('a');
    pool.send('b');
    pool.onTurn = (id) => {
      if (id === 'b') {
        assert.equal(pool.send('c').kind, 'waiting');
        pool.end('b');
      } else pool.place(id);
    };
    pool.end('a');
    assert.deepEqual(pool.heard(), ['0 a dispatched', '0 b dispatched', '0 c dispatched']);
  });

  test('a waiter that throws ends its own request only', () => {
    const errors: unknown[] = [];
    const pool = new TestPool({ each: 1, failed: (error) => errors.push(error) });
    for (const id of 'abc') pool.send(id);
    pool.onTurn = (id) => {
      if (id === 'b') throw new Error('b is broken');
      pool.place(id);
    };
    pool.end('a');
    assert.deepEqual(pool.heard(), ['0 a dispatched', '0 b dispatched', '0 c dispatched']);
    assert.deepEqual([errors.map(String), pool.control.inFlight, pool.control.coming], [['Error: b is broken'], 1, 0]);
  });

  test('at shutdown whoever waits is rejected, as is whoever comes; the others go on', () => {
    const pool = new TestPool({ each: 1 });
    for (const id of 'abc') pool.send(id);
    pool.control.shutdown();
    pool.send('d');
    pool.end('a');
    pool.end('b');
    assert.deepEqual(pool.heard(), ['0 a dispatched', '0 b rejected-shutting-down 503', '0 c rejected-shutting-down 503', '0 d rejected-shutting-down 503']);
    const { outcomes, inFlight, waiting } = pool.control;
    assert.deepEqual([outcomes.EvictedOther, outcomes.RejectedOther, inFlight, waiting.size, pool.timers.pending], [2, 1, 0, 0, 0]);
  });
});
