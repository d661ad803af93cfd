import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AttainedService, maxRemembered } from '../scheduling/plugins/fairness/attained-service.ts';
import { programAwareFairness } from '../scheduling/plugins/fairness/program-aware-fairness.ts';
import { made } from '../scheduling/plugins/testing.ts';
import { testRequest } from '../testing.ts';
import type { FairnessPolicy, FairQueue, Queued } from './policy.ts';
import { TestPool } from './testing.ts';

/** Sends by the list, ends one request after the other, and tells whose turn it was. */
function turns(pool: TestPool, count: number): string[] {
  const flows: string[] = [];
  pool.onTurn = (id) => {
    flows.push(id.replace(/\d+$/, ''));
    pool.place(id);
    last = id;
  };
  let last = 'blocker0';
  for (let i = 0; i < count; i++) pool.end(last);
  return flows;
}

function filled(fairness: 'strict' | 'round-robin' | 'program-aware', requests: readonly string[], fields: (id: string) => object = () => ({})): TestPool {
  const pool = new TestPool({ each: 1, fairness });
  pool.send('blocker0');
  for (const id of requests) pool.send(id, { fairnessId: id.replace(/\d+$/, ''), ...fields(id) });
  return pool;
}

const many = (flow: string, count: number) => Array.from({ length: count }, (_, i) => `${flow}${i}`);

test('global-strict-fairness-policy: flows make no difference', () => {
  assert.deepEqual(turns(filled('strict', ['a1', 'a2', 'b1', 'a3', 'c1']), 5), ['a', 'a', 'b', 'a', 'c']);
});

describe('round-robin-fairness-policy', () => {
  test('flows take turns, however many requests each has', () => {
    assert.deepEqual(turns(filled('round-robin', ['a1', 'a2', 'a3', 'b1', 'b2', 'c1']), 6), ['a', 'b', 'c', 'a', 'b', 'a']);
  });

  test('a flow that comes back comes last', () => {
    const pool = filled('round-robin', ['a1', 'b1', 'b2', 'c1', 'c2']);
    assert.deepEqual(turns(pool, 1), ['a']);
    pool.send('a9', { fairnessId: 'a' });
    pool.end('blocker0');
    pool.end('a1');
    assert.deepEqual(pool.heard().filter((event) => event.endsWith(' dispatched')).slice(1), ['0 a1 dispatched', '0 b1 dispatched']);
    for (const id of ['b1', 'c1', 'a9', 'b2']) pool.end(id);
    assert.deepEqual(pool.heard(), ['0 c1 dispatched', '0 a9 dispatched', '0 b2 dispatched', '0 c2 dispatched']);
  });

  test('of flows that always wait none is ever more than one request ahead, whoever else comes and goes', () => {
    const step = fc.oneof({ weight: 4, arbitrary: fc.constant('serve' as const) }, { weight: 2, arbitrary: fc.constantFrom('x', 'y', 'z') }, { weight: 1, arbitrary: fc.constant('cancel' as const) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }), (steps) => {
        const pool = filled('round-robin', [...many('a', 130), ...many('b', 130), ...many('c', 130)]);
        const served = { a: 0, b: 0, c: 0 };
        let running = 'blocker0';
        let sinceA = 0;
        pool.onTurn = (id) => {
          const flow = id.replace(/\d+$/, '');
          sinceA = flow === 'a' ? 0 : sinceA + 1;
          if (flow === 'a' || flow === 'b' || flow === 'c') served[flow]++;
          pool.place(id);
          running = id;
        };
        const others: string[] = [];
        for (const [i, what] of steps.entries()) {
          if (what === 'cancel') pool.end(others.pop() ?? '');
          else if (what === 'serve') pool.end(running);
          else {
            others.push(`${what}${i}`);
            pool.send(`${what}${i}`, { fairnessId: what });
          }
          assert.ok(sinceA <= 5, 'there are six flows at most');
          const counts = Object.values(served);
          assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, JSON.stringify(served));
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('program-aware-fairness', () => {
  test('flows get equal shares of tokens, not of requests', () => {
    const fields = (id: string) => ({ promptTokens: id.startsWith('long') ? 900 : 100 });
    const order = turns(filled('program-aware', [...many('long', 40), ...many('short', 400)], fields), 200);
    const long = order.filter((flow) => flow === 'long').length;
    assert.ok(Math.abs(long - 20) <= 2, `${long} of 200 requests with nine times the tokens`);
  });

  test('what an answer has come to counts as if it had been known before', () => {
    const pool = new TestPool({ each: 1, fairness: 'program-aware' });
    for (const id of ['a1', 'b1', 'a2', 'b2']) pool.send(id, { fairnessId: id.slice(0, 1), promptTokens: 10 });
    pool.end('a1', { promptTokens: 10, outputTokens: 0 });
    pool.end('b1', { promptTokens: 10, outputTokens: 1000 });
    assert.deepEqual(pool.heard(), ['0 a1 dispatched', '0 b1 dispatched', '0 a2 dispatched']);
    for (const id of ['b3', 'a3', 'a4', 'a5']) pool.send(id, { fairnessId: id.slice(0, 1), promptTokens: 10 });
    pool.end('a2');
    assert.deepEqual(pool.heard(), ['0 a3 dispatched'], 'though b2 came before');
  });

  test('a request that was never placed costs nothing', () => {
    const service = new AttainedService({ halfLifeMs: 1000, forgetAfterMs: 1e6 });
    const request = testRequest({ fairnessId: 'a', promptTokens: 100 });
    service.charge(request, 0);
    service.charge(request, 500);
    service.settle(request, { promptTokens: 0, outputTokens: 0 }, 500);
    assert.ok(Math.abs(service.of('a') - 400) < 1e-6);
  });

  test('flows that are silent are forgotten, and of too many those that are silent for longest', () => {
    const service = new AttainedService({ halfLifeMs: 1000, forgetAfterMs: 5000 });
    for (const [at, fairnessId] of ['a', 'b', 'a', 'c'].entries()) service.charge(testRequest({ fairnessId }), at * 2000);
    assert.equal(service.size, 3, 'b is silent for 4 s');
    service.charge(testRequest({ fairnessId: 'd' }), 8000);
    assert.equal(service.size, 3, 'a, c and d');
    const held = service.hold('b');
    for (let i = 0; i < maxRemembered + 10; i++) service.release(service.hold(`f${i}`));
    assert.equal(service.size, maxRemembered);
    service.charge(testRequest({ fairnessId: 'b' }), 1e6);
    assert.deepEqual([service.size, service.of('b') > 0], [1, true], 'who waits is not forgotten');
    service.release(held);
    service.charge(testRequest({ fairnessId: 'f0' }), 2e6);
    assert.deepEqual([service.size, service.of('b')], [1, 0]);
  });

  test('the queue chooses as the formula says, for any services, waits and times', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ add: fc.constantFrom('a', 'b', 'c', 'd'), tokens: fc.integer({ min: 0, max: 5000 }) }) },
      { weight: 3, arbitrary: fc.constant('dispatch' as const) },
      { weight: 1, arbitrary: fc.record({ remove: fc.nat() }) },
      { weight: 2, arbitrary: fc.record({ pass: fc.constantFrom(1, 50, 700, 300_000) }) },
    );
    fc.assert(fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => agree(steps)), { numRuns: 500 });
  });
});

function agree(steps: readonly (string | { readonly add: string; readonly tokens: number } | { readonly remove: number } | { readonly pass: number })[]): void {
  const halfLifeMs = 1000;
  const policy = made<FairnessPolicy>(programAwareFairness, { lasHalfLifeSeconds: halfLifeMs / 1000 });
  const queues: readonly FairQueue[] = [policy.fairQueue(), policy.fairQueue()];
  const waiting: { item: Queued; queue: number }[] = [];
  const charges: { flow: string; tokens: number; at: number }[] = [];
  let now = 0;
  // As they were at the last charge: only their proportions count, and those of today may be too small for numbers.
  const service = (flow: string) => charges.filter((charge) => charge.flow === flow).reduce((sum, { tokens, at }) => sum + tokens * 2 ** ((at - (charges.at(-1)?.at ?? 0)) / halfLifeMs), 0);
  for (const [serial, step] of steps.entries()) {
    const queue = serial % 2;
    const [here] = [waiting.filter((each) => each.queue === queue)];
    if (typeof step !== 'string' && 'pass' in step) now += step.pass;
    else if (typeof step !== 'string' && 'add' in step) {
      const item: Queued = { request: testRequest({ fairnessId: step.add, promptTokens: step.tokens }), since: now, rank: 0, serial, heapIndex: -1 };
      queues[queue]?.add(item);
      waiting.push({ item, queue });
    } else {
      const victim = typeof step === 'string' ? queues[queue]?.next() : here[step.remove % Math.max(1, here.length)]?.item;
      if (victim === undefined) {
        assert.equal(typeof step === 'string' ? here.length : 0, 0);
        continue;
      }
      waiting.splice(waiting.findIndex(({ item }) => item === victim), 1);
      if (typeof step !== 'string') {
        queues[queue]?.remove(victim);
        continue;
      }
      const heads = [...new Map(here.toReversed().map(({ item }) => [item.request.fairnessId, item])).values()];
      const stretched = (value: number, all: readonly number[]) => (Math.max(...all) > Math.min(...all) ? (value - Math.min(...all)) / (Math.max(...all) - Math.min(...all)) : 0);
      const services = heads.map(({ request }) => service(request.fairnessId));
      const waits = heads.map(({ since }) => now - since);
      const scores = heads.map((_, i) => 0.8 * (1 - stretched(services[i] ?? 0, services)) + 0.2 * stretched(waits[i] ?? 0, waits));
      const chosen = scores[heads.indexOf(victim)] ?? NaN;
      assert.ok(chosen >= Math.max(...scores) - 1e-9, `${chosen} of ${scores.join(' ')}`);
      queues[queue]?.dispatch(victim, now);
      const { fairnessId: flow, promptTokens } = victim.request;
      charges.push({ flow, tokens: Math.max(1, promptTokens * 4), at: now });
    }
  }
}
