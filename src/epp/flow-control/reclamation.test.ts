import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { priorityThenTimeEvictionOrderPolicy } from '../scheduling/plugins/eviction/priority-then-time-eviction-order-policy.ts';
import { sheddableEvictionFilter } from '../scheduling/plugins/eviction/sheddable-eviction-filter.ts';
import { made } from '../scheduling/plugins/testing.ts';
import { staticUsageLimitPolicy } from '../scheduling/plugins/usage-limits/static-usage-limit-policy.ts';
import { TestPool, type TestPoolOptions } from './testing.ts';

function evicting(options: TestPoolOptions = {}): TestPool {
  return new TestPool({ each: 4, ...options, eviction: { filter: made(sheddableEvictionFilter), order: made(priorityThenTimeEvictionOrderPolicy), graceMs: 100, timeoutMs: 1000 } });
}

const victims = (pool: TestPool) => pool.heard().filter((event) => event.includes('evicted')).map((event) => event.split(' ').slice(0, 2).join(' '));

test('the lowest priority is evicted first, of these the latest, and only for a higher one', () => {
  const pool = evicting({ defaultRequestTtlMs: 0 });
  for (const [id, priority] of [['a', -1], ['b', -2], ['c', -2], ['d', 0]] as const) pool.send(id, { priority });
  pool.send('low', { priority: -2 });
  assert.deepEqual(victims(pool), [], 'for none of the same priority');
  pool.send('high', { priority: 0 });
  assert.deepEqual(pool.heard(), ['0 c evicted 429']);
  pool.end('c');
  assert.deepEqual(pool.heard(), ['0 high dispatched']);
  pool.timers.advance(100);
  pool.send('higher', { priority: 3 });
  assert.deepEqual(victims(pool), ['100 b']);
});

test('nobody else is evicted until the first has ended and the servers had time to say so', () => {
  const pool = evicting({ defaultRequestTtlMs: 0 });
  for (const id of 'abcd') pool.send(id, { priority: -1 });
  for (const id of 'efgh') pool.send(id);
  assert.deepEqual(victims(pool), ['0 d']);
  pool.timers.advance(500);
  pool.end('d');
  pool.timers.advance(99);
  assert.deepEqual(pool.heard(), ['500 e dispatched']);
  pool.timers.advance(1);
  assert.deepEqual(victims(pool), ['600 c'], 'by the timer alone');
});

test('where a victim ends in the same turn, so does the wait', () => {
  const pool = evicting({ defaultRequestTtlMs: 0 });
  for (const id of 'abcd') pool.send(id, { priority: -1 });
  pool.heard();
  pool.onEvicted = (id) => pool.end(id);
  pool.send('e');
  assert.deepEqual(pool.heard(), ['0 d evicted 429', '0 e dispatched']);
});

test('one that does not end is not waited for longer than the timeout', () => {
  const pool = evicting({ defaultRequestTtlMs: 0 });
  for (const id of 'abcd') pool.send(id, { priority: -1 });
  pool.send('e');
  pool.timers.advance(1099);
  assert.deepEqual(victims(pool), ['0 d']);
  pool.timers.advance(1);
  assert.deepEqual(victims(pool), ['1100 c']);
  assert.equal(pool.control.reclamation?.timedOut, 1);
});

test('one is evicted when there is just no room', () => {
  const pool = evicting({ each: 10, defaultRequestTtlMs: 0, usageLimit: made(staticUsageLimitPolicy, { threshold: 0.5 }) });
  for (let i = 0; i < 5; i++) pool.send(`low${i}`, { priority: -1 });
  pool.send('high');
  assert.deepEqual(victims(pool), ['0 low4']);
});

test('a pool that is overfull is emptied by two at a time', () => {
  const pool = evicting({ servers: 2, each: 4, defaultRequestTtlMs: 0 });
  for (let i = 0; i < 8; i++) pool.send(`low${i}`, { priority: -1 });
  // More load than was admitted here, as by another replica.
  for (const server of pool.endpoints) server.inFlight = 8;
  pool.send('high');
  assert.deepEqual(victims(pool), ['0 low7', '0 low6']);
  assert.deepEqual([pool.control.reclamation?.target, pool.control.reclamation?.pending], [1, 0.5]);
});

test('of two at a time none is of the priority that waits', () => {
  const pool = evicting({ servers: 2, each: 4, defaultRequestTtlMs: 0 });
  for (let i = 0; i < 8; i++) pool.send(`low${i}`, { priority: i === 3 ? -3 : -2 });
  for (const server of pool.endpoints) server.inFlight = 8;
  pool.send('no lower', { priority: -2 });
  assert.deepEqual(victims(pool), ['0 low3']);
});

test('without servers nobody is evicted, and neither while nothing is heard of any', () => {
  const pool = evicting({ defaultRequestTtlMs: 0 });
  for (const id of 'abcd') pool.send(id, { priority: -1 });
  pool.detector.stale = () => 1;
  pool.send('e');
  pool.scale(0);
  pool.send('f');
  assert.deepEqual(victims(pool), []);
  pool.detector.stale = () => 0;
  pool.scale(1);
  assert.deepEqual(victims(pool), ['0 d']);
});

test('a ceiling of 0 is not to be made room for', () => {
  const pool = evicting({ defaultRequestTtlMs: 0, usageLimit: made(staticUsageLimitPolicy, { threshold: 0 }) });
  pool.send('a', { priority: -1 });
  pool.send('b');
  assert.deepEqual([victims(pool), pool.control.waiting.size], [[], 2]);
});

test('whatever comes, victims are the least by priority and then the latest, below 0 and below who waits, and never while others are ending', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ send: fc.constantFrom(-3, -2, -1, 0, 1) }) },
    { weight: 2, arbitrary: fc.record({ end: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ pass: fc.integer({ min: 1, max: 150 }) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const pool = evicting({ each: 3, defaultRequestTtlMs: 0 });
      const priorityOf = new Map<string, number>();
      /** At servers, in the order of their dispatch. */
      let running: string[] = [];
      const ending = new Map<string, number>();
      let quietUntil = -Infinity;
      const hear = () => {
        let count = 0;
        for (const event of pool.heard()) {
          const [at = '', id = '', what = ''] = event.split(' ');
          if (what === 'dispatched') running.push(id);
          if (what !== 'evicted') continue;
          count++;
          const since = Number(at);
          assert.ok(since >= quietUntil && [...ending.values()].every((then) => then === since || since - then >= 1100), event);
          const least = running.filter((each) => !ending.has(each) && (priorityOf.get(each) ?? 0) < 0).toReversed().toSorted((a, b) => (priorityOf.get(a) ?? 0) - (priorityOf.get(b) ?? 0));
          assert.equal(id, least[0]);
          assert.ok([...pool.control.waiting].some(({ request }) => request.priority > (priorityOf.get(id) ?? 0)));
          ending.set(id, since);
        }
        assert.ok(count <= 2);
      };
      for (const [i, what] of steps.entries()) {
        if ('send' in what) {
          priorityOf.set(`r${i}`, what.send);
          pool.send(`r${i}`, { priority: what.send });
        } else if ('pass' in what) pool.timers.advance(what.pass);
        else {
          const id = [...priorityOf.keys()][what.end % Math.max(1, priorityOf.size)] ?? '';
          const evictedAt = ending.get(id) ?? -Infinity;
          // Who has ended too late was not waited for.
          if (pool.timers.now() - evictedAt < 1000) quietUntil = pool.timers.now() + 100;
          ending.delete(id);
          running = running.filter((each) => each !== id);
          pool.end(id);
        }
        hear();
      }
    }),
    { numRuns: 500 },
  );
});
