import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newDecision, type Admitter } from '../scheduling/plugin.ts';
import { latencySloAdmitter } from '../scheduling/plugins/admitters/latency-slo-admitter.ts';
import { probabilisticAdmitter } from '../scheduling/plugins/admitters/probabilistic-admitter.ts';
import { concurrencyDetector } from '../scheduling/plugins/detectors/concurrency-detector.ts';
import { latencyAttributes } from '../scheduling/plugins/latency.ts';
import { edfOrderingPolicy } from '../scheduling/plugins/ordering/edf-ordering-policy.ts';
import { sloDeadlineOrderingPolicy } from '../scheduling/plugins/ordering/slo-deadline-ordering-policy.ts';
import { made } from '../scheduling/plugins/testing.ts';
import { priorityHoldbackPolicy } from '../scheduling/plugins/usage-limits/priority-holdback-policy.ts';
import { softReflectiveCeilingPolicy } from '../scheduling/plugins/usage-limits/soft-reflective-ceiling-policy.ts';
import { staticUsageLimitPolicy } from '../scheduling/plugins/usage-limits/static-usage-limit-policy.ts';
import type { PluginType } from '../scheduling/plugin-type.ts';
import { testEndpoint, testRequest } from '../testing.ts';
import { LegacyEntrance } from './legacy-entrance.ts';
import type { OrderingPolicy, UsageLimitPolicy } from './policy.ts';
import { PoolSaturation } from './pool-saturation.ts';
import { TestPool } from './testing.ts';

describe('ceilings', () => {
  const rows: readonly { what: string; type: PluginType; parameters?: object; saturation?: number; priorities: readonly number[]; ceilings: readonly number[] }[] = [
    { what: 'one for all', type: staticUsageLimitPolicy, parameters: { threshold: 0.9 }, priorities: [2, 0, -1], ceilings: [0.9, 0.9, 0.9] },
    { what: 'by rank', type: priorityHoldbackPolicy, parameters: { minCeiling: 0.4, maxCeiling: 1 }, priorities: [100, 1, 0, -1], ceilings: [1, 0.8, 0.6, 0.4] },
    { what: 'by value', type: priorityHoldbackPolicy, parameters: { minCeiling: 0.5, domain: 'value' }, priorities: [10, 8, 0], ceilings: [1, 0.9, 0.5] },
    { what: 'one priority alone is not held back', type: priorityHoldbackPolicy, parameters: { minCeiling: 0.1, maxCeiling: 0.9, domain: 'value' }, priorities: [-3], ceilings: [0.9] },
    { what: 'nobody is held back in an idle pool', type: softReflectiveCeilingPolicy, saturation: 0.3, priorities: [2, 1, 0], ceilings: [1, 1, 1] },
    { what: 'the lowest is beyond its ceiling', type: softReflectiveCeilingPolicy, saturation: 0.62, priorities: [2, 1, 0], ceilings: [1, 1, 0] },
    { what: 'all but the highest are', type: softReflectiveCeilingPolicy, saturation: 0.7, priorities: [2, 1, 0], ceilings: [1, 0, 0] },
    { what: 'in a full pool there are no chances', type: softReflectiveCeilingPolicy, saturation: 1.2, priorities: [2, 1], ceilings: [1, 0] },
    { what: 'of one priority', type: softReflectiveCeilingPolicy, saturation: 0.9, priorities: [2], ceilings: [1] },
  ];
  for (const { what, type, parameters, saturation = 0.5, priorities, ceilings } of rows) {
    test(`${type.type}: ${what}`, () => {
      const written = new Float64Array(priorities.length + 1).fill(-7);
      made<UsageLimitPolicy>(type, parameters).limit(saturation, priorities, written, 0);
      assert.deepEqual([...written].map((ceiling) => Math.round(ceiling * 1e9) / 1e9), [...ceilings, -7]);
    });
  }

  test('soft-reflective-ceiling-policy: beyond its ceiling a priority has its share of chances, of attempts or of milliseconds', () => {
    const policy = made<UsageLimitPolicy>(softReflectiveCeilingPolicy);
    const opens = (now: number) => {
      const ceilings = new Float64Array(2);
      const wait = policy.limit(0.75, [1, 0], ceilings, now);
      return [ceilings[1], wait];
    };
    assert.deepEqual([0, 0, 0, 0, 0, 0].map(opens), [[0, 2], [0, 1], [1, 3], [0, 2], [0, 1], [1, 3]], 'one in three attempts');
    assert.deepEqual([3, 4.5, 6, 100].map(opens), [[1, 3], [0, 2], [0, 1], [1, 3]]);
  });
});

describe('ranks', () => {
  const ranks = (type: PluginType, headers: Readonly<Record<string, string>> = {}, ttl = 50) => made<OrderingPolicy>(type).rank(testRequest({ headers }), 100, ttl);

  test('by expiry', () => assert.deepEqual([ranks(edfOrderingPolicy), ranks(edfOrderingPolicy, {}, 0)], [150, Infinity]));

  test('by the first token that is due', () => {
    const slo = (value: string, name = 'x-llm-d-slo-ttft-ms') => ranks(sloDeadlineOrderingPolicy, { [name]: value });
    assert.deepEqual([slo('30'), slo('40', 'x-slo-ttft-ms'), slo('soon'), slo('-5'), slo('Infinity'), ranks(sloDeadlineOrderingPolicy)], [130, 140, Infinity, Infinity, Infinity, Infinity]);
  });

  test('the first that is due goes first, over all flows; who has no deadline comes last, in order', () => {
    const pool = new TestPool({ ordering: 'slo' });
    pool.send('running');
    for (const [id, ttftMs] of [['a', undefined], ['b', undefined], ['c', 90], ['d', 20], ['e', 90]] as const) pool.send(id, { fairnessId: id, ...(ttftMs !== undefined && { ttftMs }) });
    for (const id of ['running', 'd', 'c', 'e', 'a']) pool.end(id);
    assert.deepEqual(pool.heard().map((event) => event.split(' ')[1]), ['running', 'd', 'c', 'e', 'a', 'b']);
  });
});

describe('admitters', () => {
  const shed = testRequest({ priority: -1, headers: { 'x-slo-ttft-ms': '100' } });

  test('probabilistic-admitter turns away by chance, requests below 0 only', () => {
    const admitter = (drawn: number) => made<Admitter>(probabilisticAdmitter, {}, { random: () => drawn });
    const half = [testEndpoint(0, { waiting: 1 }), testEndpoint(1, { kvCacheUsage: 0.16 })];
    const probability = 0.2 ** 5 * 300;
    assert.deepEqual([probability - 0.001, probability + 0.001].map((drawn) => admitter(drawn).admits(newDecision(shed, 0), half)), [false, true]);
    assert.ok(admitter(0).admits(newDecision(testRequest(), 0), half));
    assert.ok(!admitter(0.999).admits(newDecision(shed, 0), [testEndpoint(0, { waiting: 50 })]));
  });

  const busy = { running: 3, kvCacheUsage: 0.5 };
  const rows = [
    { what: 'who is predicted to be late everywhere is turned away', servers: [busy, busy], ttft: [150, 101], admits: false },
    { what: 'one server in time is enough', servers: [busy, busy], ttft: [150, 100], admits: true },
    { what: 'an idle server may try', servers: [busy, { kvCacheUsage: 0.5 }], ttft: [150, 150], admits: true },
    { what: 'a cold server may try', servers: [busy, { running: 1, kvCacheUsage: 0.01 }], ttft: [150, 150], admits: true },
    { what: 'without predictions nobody is turned away', servers: [busy], ttft: [NaN], admits: true },
    { what: 'without limits nobody is turned away', servers: [busy], ttft: [150], request: testRequest({ priority: -1 }), admits: true },
    { what: 'nobody of priority 0 is turned away', servers: [busy], ttft: [150], request: testRequest({ headers: { 'x-slo-ttft-ms': '1' } }), admits: true },
  ];
  for (const { what, servers, ttft, request = shed, admits } of rows) {
    test(`latency-slo-admitter: ${what}`, () => {
      const decision = newDecision(request, 0);
      decision.attributes.set(latencyAttributes('predicted-latency-producer').ttft, Float64Array.from(ttft));
      assert.equal(made<Admitter>(latencySloAdmitter).admits(decision, servers.map((server, slot) => testEndpoint(slot, server))), admits);
    });
  }
});

describe('saturation of a pool', () => {
  const role = (slot: number, name: string | undefined, inFlight: number) => testEndpoint(slot, { inFlight, labels: name === undefined ? {} : { 'llm-d.ai/role': name } });
  const rows = [
    { what: 'without roles', servers: [role(0, undefined, 5), role(1, undefined, 1)], stages: { decode: 0.3, effective: 0.3 } },
    { what: 'the fuller stage counts', servers: [role(0, 'prefill', 9), role(1, 'decode', 2), role(2, 'encode', 10)], stages: { prefill: 0.9, decode: 0.2, effective: 0.9 } },
    { what: 'who does both counts in both', servers: [role(0, 'prefill', 9), role(1, 'prefill-decode', 3)], stages: { prefill: 0.6, decode: 0.3, effective: 0.6 } },
    { what: 'where nobody plays a part, all count', servers: [role(0, 'juggler', 4)], stages: { decode: 0.4, effective: 0.4 } },
    { what: 'of nobody', servers: [], stages: { effective: 1 } },
  ];
  for (const { what, servers, stages } of rows) {
    test(what, () => assert.deepEqual(new PoolSaturation(made(concurrencyDetector, { maxConcurrency: 10 }), () => servers).stages(0, 0), { ...stages, stale: 0 }));
  }

  test('what changes is seen: labels in place, lists as a whole', () => {
    let servers = [role(0, 'prefill', 9), role(1, 'decode', 2)];
    const saturation = new PoolSaturation(made(concurrencyDetector, { maxConcurrency: 10 }), () => servers);
    assert.equal(saturation.at(0, 0), 0.9);
    for (const server of servers) server.labels = {};
    assert.equal(saturation.at(0, 0), 0.55);
    assert.equal(saturation.at(0, 4), 0.75, 'with four that are coming');
    servers = servers.slice(1);
    assert.equal(saturation.at(0, 0), 0.2);
  });
});

test('without flow control requests below 0 are rejected while the pool is full, and nobody else', () => {
  const entrance = new LegacyEntrance(made(concurrencyDetector, { maxConcurrency: 2 }), () => 0);
  const kinds = (inFlight: number) => [0, -1].map((priority) => entrance.admit(testRequest({ priority }), [testEndpoint(0, { inFlight })]).kind);
  assert.deepEqual([kinds(1), kinds(2)], [['dispatched', 'dispatched'], ['dispatched', 'rejected']]);
  assert.equal(entrance.admit(testRequest({ priority: -1 }), []).kind, 'dispatched', 'the scheduler says that nobody is there');
});
