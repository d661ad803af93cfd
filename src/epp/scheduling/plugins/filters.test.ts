import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testEndpoint, testPrefixIndex, testPrompt, testRequest } from '../../testing.ts';
import { newDecision, type Decision, type Filter, type Observer, type SaturationDetector } from '../plugin.ts';
import type { PluginType } from '../plugin-type.ts';
import { concurrencyDetector } from './detectors/concurrency-detector.ts';
import { utilizationDetector } from './detectors/utilization-detector.ts';
import { byLabel } from './filters/by-label.ts';
import { endpointAttributeFilter } from './filters/endpoint-attribute-filter.ts';
import { headerBasedTestingFilter } from './filters/header-based-testing-filter.ts';
import { labelSelectorFilter } from './filters/label-selector-filter.ts';
import { prefixCacheAffinityFilter } from './filters/prefix-cache-affinity-filter.ts';
import { decodeFilter, encodeFilter, prefillFilter } from './filters/role-filters.ts';
import { sessionAffinityFilter } from './filters/session-affinity-filter.ts';
import { sloHeadroomTierFilter } from './filters/slo-headroom-tier-filter.ts';
import { topologyAffinityFilter } from './filters/topology-affinity-filter.ts';
import { utilizationFilter } from './filters/utilization-filter.ts';
import { latencyAttributes } from './latency.ts';
import { contextLengthAware } from './scorers/context-length-aware.ts';
import { filtered, made } from './testing.ts';

type Server = Parameters<typeof testEndpoint>[1];

const servers = (...all: Server[]) => all.map((server, slot) => testEndpoint(slot, server));
const plain = newDecision(testRequest(), 0);
const roles = ['decode', 'prefill', 'encode', 'prefill-decode', 'encode-prefill', 'encode-prefill-decode', 'both'].map((role): Server => ({ labels: { 'llm-d.ai/role': role } }));
const heat = (...values: (number | undefined)[]) => values.map((value): Server => (value === undefined ? {} : { custom: new Map([['heat', value]]) }));

const cases: readonly { what: string; type: PluginType; parameters?: object; servers: Server[]; keeps: number[]; decision?: Decision }[] = [
  { what: 'roles', type: decodeFilter, servers: [...roles, {}], keeps: [0, 3, 5, 6, 7] },
  { what: 'roles', type: prefillFilter, servers: [...roles, {}], keeps: [1, 3, 4, 5, 6] },
  { what: 'roles', type: encodeFilter, servers: [...roles, {}], keeps: [2, 4, 5] },
  { what: 'values', type: byLabel, parameters: { label: 'a', validValues: ['x', 'y'], allowsNoLabel: true }, servers: [{ labels: { a: 'x' } }, { labels: { a: 'z' } }, {}], keeps: [0, 2] },
  {
    what: 'all of a selector', type: labelSelectorFilter,
    parameters: { matchLabels: { a: 'x' }, matchExpressions: [{ key: 'b', operator: 'In', values: ['1', '2'] }, { key: 'c', operator: 'NotIn', values: ['3'] }, { key: 'd', operator: 'Exists' }, { key: 'e', operator: 'DoesNotExist' }] },
    servers: [{ labels: { a: 'x', b: '2', d: '' } }, { labels: { a: 'x', b: '3', d: '' } }, { labels: { a: 'x', b: '1', c: '3', d: '' } }, { labels: { a: 'x', b: '1' } }, { labels: { a: 'x', b: '1', d: '', e: '' } }, { labels: { b: '1', d: '' } }],
    keeps: [0],
  },
  { what: 'conditions', type: utilizationFilter, parameters: { conditions: [{ metric: 'waiting-queue', maxValue: 2 }, { metric: 'kv-cache-utilization', maxValue: 0.5 }] }, servers: [{ waiting: 2, kvCacheUsage: 0.5 }, { waiting: 3 }, { kvCacheUsage: 0.6 }], keeps: [0] },
  { what: 'nobody', type: utilizationFilter, parameters: { conditions: [{ metric: 'active-requests', maxValue: 0 }] }, servers: [{ inFlight: 1 }], keeps: [] },
  { what: 'all instead of nobody', type: utilizationFilter, parameters: { conditions: [{ metric: 'running-requests', maxValue: 0 }], fallbackOnEmpty: true }, servers: [{ running: 1 }], keeps: [0] },
  { what: 'a threshold', type: endpointAttributeFilter, parameters: { attribute: 'heat', algorithm: { type: 'threshold', threshold: { operator: 'LessThan', value: 5 } } }, servers: heat(4, 5, undefined), keeps: [0, 2] },
  { what: 'a threshold, and what is missing fails', type: endpointAttributeFilter, parameters: { attribute: 'heat', onMissing: 'Fail', algorithm: { type: 'threshold', threshold: { operator: 'GreaterThanOrEqual', value: 5 } } }, servers: heat(4, 5, undefined), keeps: [1] },
  { what: 'what the header names, in its order', type: headerBasedTestingFilter, decision: newDecision(testRequest({ headers: { 'test-epp-endpoint-selection': '10.0.0.2, 10.0.0.0:8000,10.0.0.1:9,10.0.0.2' } }), 0), servers: [{}, {}, {}], keeps: [2, 0] },
  { what: 'nobody without the header', type: headerBasedTestingFilter, servers: [{}], keeps: [] },
  { what: 'ranges', type: contextLengthAware, parameters: { label: 'r', enableFiltering: true }, decision: newDecision(testRequest({ promptTokens: 10 }), 0), servers: [{ labels: { r: '0-10' } }, { labels: { r: '11-20' } }, { labels: { r: '?' } }, {}], keeps: [0, 3] },
  { what: 'servers that are full or silent', type: utilizationDetector, decision: newDecision(testRequest(), 1000), servers: [{ at: 900 }, { at: 900, waiting: 5 }, { at: 900, kvCacheUsage: 0.8 }, { at: 700, metricsDue: 750 }, { at: -Infinity }], keeps: [0] },
  { what: 'all when all are full', type: utilizationDetector, decision: newDecision(testRequest(), 1000), servers: [{ at: 700, metricsDue: 750 }, { at: 900, waiting: 9 }], keeps: [0, 1] },
  { what: 'servers with room', type: concurrencyDetector, parameters: { maxConcurrency: 2 }, servers: [{ inFlight: 1 }, { inFlight: 2 }], keeps: [0] },
];

for (const { what, type, parameters, servers: all, keeps, decision = plain } of cases) {
  test(`${type.type} keeps: ${what}`, () => assert.deepEqual(filtered(made(type, parameters), decision, servers(...all)), keeps));
}

test('a filter that leaves out nobody copies nothing', () => {
  const all = servers({}, {});
  assert.equal(made<Filter>(decodeFilter).filter(plain, all), all);
});

test('saturation is a mean over servers, and 1 without any', () => {
  const utilization = made<SaturationDetector>(utilizationDetector);
  assert.equal(utilization.saturation(1000, servers({ at: 1000, waiting: 10 }, { at: 1000, kvCacheUsage: 0.4 }, { at: 0, metricsDue: 700 })), (2 + 0.5 + 1) / 3);
  assert.equal(utilization.saturation(0, []), 1);
  const loads = servers({ inFlight: 50, inFlightTokens: 1e6 }, { inFlight: 0, inFlightTokens: 5e5 });
  const concurrency = (concurrencyMode: string) => made<SaturationDetector>(concurrencyDetector, { concurrencyMode }).saturation(0, loads);
  assert.deepEqual(['requests', 'tokens', 'hybrid'].map(concurrency), [0.25, 0.75, 0.75]);
});

test('saturation counts what was sent since the scrape, what is coming, and nobody who is only asked seldom', () => {
  const utilization = made<SaturationDetector>(utilizationDetector);
  const all = servers({ at: 0, metricsDue: 1000, inFlight: 8, inFlightAtScrape: 0 }, { at: 0, metricsDue: 1000, waiting: 1, inFlight: 2 });
  assert.equal(utilization.saturation(1000, all), (8 / 4 / 5 + 1 / 5) / 2, 'a quarter of what was sent waits where there is no queue');
  assert.equal(utilization.saturation(1000, all, 4), (10 / 4 / 5 + 3 / 5) / 2);
  assert.deepEqual([1000, 1200, 1201].map((now) => utilization.stale?.(now, all)), [0, 0, 2]);
  assert.equal(utilization.stale?.(0, servers({ at: -Infinity })), 1, 'never heard of');
  const loads = servers({ inFlight: 50, inFlightTokens: 1e6 }, { inFlight: 0, inFlightTokens: 0 });
  const concurrency = (concurrencyMode: string) => made<SaturationDetector>(concurrencyDetector, { concurrencyMode }).saturation(0, loads, 20);
  assert.deepEqual(['requests', 'tokens', 'hybrid'].map(concurrency), [0.35, 0.6, 0.65]);
});

test('prefix-cache-affinity-filter sticks to the cache, and spills when that would take too long', () => {
  const prompt = testPrompt(1, 2, 3, 4, 5);
  const index = testPrefixIndex();
  index.add(testPrompt(1, 2, 3, 4), testEndpoint(0));
  index.add(testPrompt(1, 2, 3), testEndpoint(1));
  const keeps = (tokens: number, parameters: object = {}, random = () => 0.5) => {
    const all = servers({ inFlightTokens: tokens }, {}, {});
    const decision = newDecision(testRequest({ prompt }), 0);
    decision.prefixes.set('approx-prefix-cache-producer', index.match(prompt, all));
    return filtered(made(prefixCacheAffinityFilter, parameters, { random }), decision, all);
  };
  assert.deepEqual(keeps(0), [0]);
  assert.deepEqual(keeps(18 * 15_928), [0]);
  assert.deepEqual(keeps(18 * 15_928 + 16), [0, 1, 2]);
  assert.deepEqual(keeps(1e9, { maxTTFTPenaltyMs: 0 }), [0]);
  assert.deepEqual(keeps(0, { affinityThreshold: 0.99 }), [0, 1, 2], 'nobody has enough');
  assert.deepEqual(keeps(0, { affinityThreshold: 0.6 }), [0, 1]);
  assert.deepEqual(keeps(0, { explorationProbability: 0.6 }), [0, 1, 2]);
  assert.throws(() => made(prefixCacheAffinityFilter, { peakPrefillThroughput: 0 }), /peakPrefillThroughput: must be more than 0/);
});

test('slo-headroom-tier-filter keeps those that keep the limits, and the others now and then', () => {
  const { ttft, tpot } = latencyAttributes('predicted-latency-producer');
  const decision = newDecision(testRequest({ headers: { 'x-slo-ttft-ms': '100', 'x-slo-tpot-ms': '10' } }), 0);
  const all = servers({}, {}, {}, {});
  const keeps = (random: number) => filtered(made(sloHeadroomTierFilter, {}, { random: () => random }), decision, all);
  assert.deepEqual(keeps(0.5), [0, 1, 2, 3], 'nothing is predicted');
  decision.attributes.set(ttft, Float64Array.of(50, 150, 100, NaN));
  decision.attributes.set(tpot, Float64Array.of(10, 5, 11, NaN));
  assert.deepEqual(keeps(0.5), [0]);
  assert.deepEqual(keeps(0.005), [1, 2, 3]);
});

test('session-affinity-filter keeps the server of the session, and all when it is gone', () => {
  const all = servers({}, {});
  const [, second] = all;
  assert.ok(second);
  const filter = made<Filter & Observer>(sessionAffinityFilter, { strategy: 'session_id' });
  const decision = newDecision(testRequest({ headers: { 'x-session-id': 's' } }), 0);
  assert.deepEqual(filtered(filter, decision, all), [0, 1]);
  filter.picked?.(decision, { profile: 'default', endpoints: [second], candidates: all, totals: new Float64Array(2) }, 'decode');
  assert.deepEqual(filtered(filter, decision, all), [1]);
  assert.deepEqual(filtered(filter, decision, all.slice(0, 1)), [0]);
});

test('topology-affinity-filter keeps those that are near, and all when nobody is', () => {
  const zone = (name: string): Server => ({ labels: { 'topology.kubernetes.io/zone': name } });
  const decision = newDecision(testRequest(), 0);
  const filter = made<Filter>(topologyAffinityFilter, { minAffinity: 'zone' });
  const all = servers(zone('a'), zone('b'), {});
  assert.deepEqual(filtered(filter, decision, all), [0, 1, 2]);
  decision.peer = testEndpoint(9, zone('b'));
  assert.deepEqual(filtered(filter, decision, all), [1]);
  assert.deepEqual(filtered(filter, decision, all.slice(0, 1)), [0]);
});
