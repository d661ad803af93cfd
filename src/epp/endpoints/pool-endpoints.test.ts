import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Endpoint } from './endpoint.ts';
import type { EndpointDescription } from './model-server.ts';
import { PoolEndpoints } from './pool-endpoints.ts';

function described(pod: string, ip: string, labels: Readonly<Record<string, string>> = {}, port = 8000): EndpointDescription {
  return { name: `ns/${pod}-rank-0`, pod: `ns/${pod}`, ip, port, labels };
}

/** A pool, and all that its listener heard. */
function heard(): { readonly pool: PoolEndpoints; readonly events: string[] } {
  const pool = new PoolEndpoints();
  const events: string[] = [];
  pool.listen({ onAdded: ({ name, slot }) => events.push(`+${name}@${slot}`), onRemoved: ({ name, slot }) => events.push(`-${name}@${slot}`) });
  return { pool, events };
}

describe('the endpoints of a pool', () => {
  test('are in order of their names, each with a slot of its own', () => {
    const { pool, events } = heard();
    pool.apply([described('b', '10.0.0.2'), described('a', '10.0.0.1')]);
    assert.deepEqual(pool.all.map(({ name }) => name), ['ns/a-rank-0', 'ns/b-rank-0']);
    assert.deepEqual(events, ['+ns/b-rank-0@0', '+ns/a-rank-0@1']);
    assert.equal(pool.capacity, 2);
  });

  test('are found by address, IPv6 in brackets', () => {
    const { pool } = heard();
    pool.apply([described('a', '10.0.0.1'), described('b', '2001:db8::1')]);
    assert.equal(pool.at('10.0.0.1:8000')?.pod, 'ns/a');
    assert.equal(pool.at('[2001:db8::1]:8000')?.pod, 'ns/b');
    assert.equal(pool.at('10.0.0.1:8001'), undefined);
  });

  test('stay the same objects, and their list the same list, when nothing changes', () => {
    const { pool, events } = heard();
    pool.apply([described('a', '10.0.0.1', { role: 'decode' })]);
    const before = pool.all;
    pool.apply([described('a', '10.0.0.1', { role: 'decode' })]);
    assert.equal(pool.all, before);
    assert.equal(events.length, 1);
  });

  test('keep what is counted when a label changes', () => {
    const { pool, events } = heard();
    pool.apply([described('a', '10.0.0.1', { role: 'decode' })]);
    const [endpoint] = pool.all;
    assert.ok(endpoint !== undefined);
    endpoint.inFlight = 3;
    pool.apply([described('a', '10.0.0.1', { role: 'prefill' })]);
    assert.equal(pool.all[0], endpoint);
    assert.deepEqual([endpoint.inFlight, endpoint.labels], [3, { role: 'prefill' }]);
    assert.equal(events.length, 1);
  });

  test('are new ones when a name moves to another address, or another name to an address', () => {
    const { pool, events } = heard();
    pool.apply([described('a', '10.0.0.1')]);
    const [first] = pool.all;
    pool.apply([described('a', '10.0.0.2')]);
    assert.deepEqual([first?.isGone, pool.all[0] === first], [true, false]);
    pool.apply([described('b', '10.0.0.2')]);
    assert.deepEqual(events, ['+ns/a-rank-0@0', '-ns/a-rank-0@0', '+ns/a-rank-0@0', '-ns/a-rank-0@0', '+ns/b-rank-0@0']);
  });

  test('that are gone are no longer found when they are told', () => {
    const pool = new PoolEndpoints();
    const found: unknown[] = [];
    pool.listen({ onRemoved: ({ address }) => found.push(pool.at(address), pool.all.length) });
    pool.apply([described('a', '10.0.0.1'), described('b', '10.0.0.2')]);
    pool.apply([described('b', '10.0.0.2')]);
    assert.deepEqual(found, [undefined, 1]);
  });

  test('are told to nobody who stopped listening', () => {
    const pool = new PoolEndpoints();
    const stop = pool.listen({ onAdded: () => assert.fail('told') });
    stop();
    pool.apply([described('a', '10.0.0.1')]);
  });
});

test('after any changes the pool is what was applied last, with slots as small as they can be', () => {
  const membership = fc.uniqueArray(fc.record({ pod: fc.integer({ min: 0, max: 9 }), ip: fc.integer({ min: 0, max: 9 }) }), {
    maxLength: 8,
    comparator: (a, b) => a.ip === b.ip || a.pod === b.pod,
  });
  fc.assert(
    fc.property(fc.array(membership, { maxLength: 12 }), (steps) => {
      const pool = new PoolEndpoints();
      const known = new Map<number, Endpoint>();
      let most = 0;
      pool.listen({
        onAdded: (endpoint) => {
          assert.equal(known.get(endpoint.slot), undefined, 'a slot is given out twice');
          known.set(endpoint.slot, endpoint);
        },
        onRemoved: (endpoint) => {
          assert.equal(known.get(endpoint.slot), endpoint);
          assert.ok(endpoint.isGone);
          known.delete(endpoint.slot);
        },
      });
      for (const step of steps) {
        const before = new Map(pool.all.map((endpoint) => [`${endpoint.pod} ${endpoint.ip}`, endpoint]));
        pool.apply(step.map(({ pod, ip }) => described(String(pod), `10.0.0.${ip}`)));
        most = Math.max(most, step.length);
        assert.deepEqual(pool.all.map(({ pod, ip }) => `${pod} ${ip}`), step.map(({ pod, ip }) => `ns/${pod} 10.0.0.${ip}`).sort());
        assert.deepEqual(new Set(pool.all), new Set(known.values()));
        for (const endpoint of pool.all) assert.equal(before.get(`${endpoint.pod} ${endpoint.ip}`) ?? endpoint, endpoint);
        assert.equal(pool.capacity, most);
        for (const endpoint of pool.all) assert.equal(pool.at(endpoint.address), endpoint);
      }
    }),
  );
});
