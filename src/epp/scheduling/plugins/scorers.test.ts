import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loras, testEndpoint, testPrefixIndex, testPrompt, testRequest } from '../../testing.ts';
import { newDecision, type DataProducer, type Decision, type Observer, type Scorer } from '../plugin.ts';
import type { PluginType } from '../plugin-type.ts';
import { latencyAttributes } from './latency.ts';
import { sessionIdProducer } from './producers/session-id-producer.ts';
import { activeRequestScorer } from './scorers/active-request-scorer.ts';
import { contextLengthAware } from './scorers/context-length-aware.ts';
import { endpointAttributeScorer } from './scorers/endpoint-attribute-scorer.ts';
import { headerLabelAffinityScorer } from './scorers/header-label-affinity-scorer.ts';
import { kvCacheUtilizationScorer } from './scorers/kv-cache-utilization-scorer.ts';
import { latencyScorer } from './scorers/latency-scorer.ts';
import { loadAwareScorer } from './scorers/load-aware-scorer.ts';
import { loraAffinityScorer } from './scorers/lora-affinity-scorer.ts';
import { noHitLruScorer } from './scorers/no-hit-lru-scorer.ts';
import { prefixCacheScorer } from './scorers/prefix-cache-scorer.ts';
import { queueScorer } from './scorers/queue-scorer.ts';
import { runningRequestsSizeScorer } from './scorers/running-requests-size-scorer.ts';
import { sessionAffinityScorer } from './scorers/session-affinity-scorer.ts';
import { tokenLoadScorer } from './scorers/token-load-scorer.ts';
import { topologyAffinityScorer } from './scorers/topology-affinity-scorer.ts';
import { made, scored } from './testing.ts';

type Server = Parameters<typeof testEndpoint>[1];

const servers = (...all: Server[]) => all.map((server, slot) => testEndpoint(slot, server));
const plain = newDecision(testRequest(), 0);

/** Scores of servers of which nothing was sent since their scrape: upstream's formulas. */
const formulas: readonly { what: string; type: PluginType; parameters?: object; servers: Server[]; scores: number[]; decision?: Decision }[] = [
  { what: 'queues between the shortest and the longest', type: queueScorer, servers: [{ waiting: 10 }, { waiting: 5 }, { waiting: 0 }, { waiting: 8 }], scores: [0, 0.5, 1, 0.2] },
  { what: 'equal queues', type: queueScorer, servers: [{ waiting: 4 }, { waiting: 4 }], scores: [1, 1] },
  { what: 'queues that differ by one', type: queueScorer, servers: [{ waiting: 1 }, { waiting: 0 }], scores: [0, 1] },
  { what: 'running requests', type: runningRequestsSizeScorer, servers: [{ running: 10 }, { running: 2 }, { running: 4 }], scores: [0, 1, 0.75] },
  { what: 'free KV cache', type: kvCacheUtilizationScorer, servers: [{ kvCacheUsage: 0.25 }, { kvCacheUsage: 1 }, {}], scores: [0.75, 0, 1] },
  { what: 'waiting requests below the threshold', type: loadAwareScorer, servers: [{}, { waiting: 32 }, { waiting: 128 }, { waiting: 500 }], scores: [0.5, 0.375, 0, 0] },
  { what: 'waiting requests below another threshold', type: loadAwareScorer, parameters: { threshold: 10 }, servers: [{ waiting: 5 }], scores: [0.25] },
  { what: 'requests on their way', type: activeRequestScorer, servers: [{}, { inFlight: 5 }, { inFlight: 10 }], scores: [1, 0.5, 0] },
  { what: 'requests on their way, none at all', type: activeRequestScorer, servers: [{}, {}], scores: [1, 1] },
  { what: 'idle or busy', type: activeRequestScorer, parameters: { idleThreshold: 2, maxBusyScore: 0 }, servers: [{ inFlight: 2 }, { inFlight: 3 }, { inFlight: 9 }], scores: [1, 0, 0] },
  { what: 'busy scores below one', type: activeRequestScorer, parameters: { maxBusyScore: 0.5 }, servers: [{ inFlight: 0 }, { inFlight: 5 }, { inFlight: 10 }], scores: [1, 0.25, 0] },
  { what: 'tokens on their way', type: tokenLoadScorer, servers: [{}, { inFlightTokens: 1_048_576 }, { inFlightTokens: 9e9 }], scores: [1, 0.75, 0] },
  { what: 'adapters', type: loraAffinityScorer, servers: [{ loras: loras(2, ['model', 'b']) }, { loras: loras(2, ['b']) }, { loras: loras(2, ['b'], ['model']) }, { loras: loras(2, ['b', 'c']) }], scores: [1, 0.8, 0.6, 0] },
  { what: 'adapters that nobody has', type: loraAffinityScorer, servers: [{ loras: loras(1, ['b']) }, { loras: loras(2, ['b']) }, {}], scores: [0, 0.8, 0] },
  { what: 'adapters in both lists count once', type: loraAffinityScorer, servers: [{ loras: loras(2, ['b'], ['b']) }], scores: [0.8] },
  {
    what: 'prompt lengths', type: contextLengthAware, decision: newDecision(testRequest({ promptTokens: 2000 }), 0),
    servers: [{ labels: { 'llm-d.ai/context-length-range': '0-4000' } }, { labels: { 'llm-d.ai/context-length-range': '4000-8000' } }, {}, { labels: { 'llm-d.ai/context-length-range': 'long' } }, { labels: { 'llm-d.ai/context-length-range': '2000-2000' } }],
    scores: [0.755, 0.1, 0.5, 0, 1],
  },
  { what: 'an attribute, adaptive', type: endpointAttributeScorer, parameters: { attributeKey: 'heat', algorithm: { type: 'linear_lower_is_better' } }, servers: [{ custom: new Map([['heat', 10]]) }, { custom: new Map([['heat', 20]]) }, { custom: new Map([['heat', 15]]) }, {}], scores: [1, 0, 0.5, 0] },
  { what: 'an attribute in a range', type: endpointAttributeScorer, parameters: { attributeKey: 'heat', algorithm: { type: 'linear_higher_is_better', normalization: { fixedRange: { min: 0, max: 10 } } } }, servers: [{ custom: new Map([['heat', 5]]) }, { custom: new Map([['heat', 50]]) }], scores: [0.5, 1] },
  { what: 'a header and a label', type: headerLabelAffinityScorer, parameters: { headerName: 'X-Tier', labelKey: 'tier' }, decision: newDecision(testRequest({ headers: { 'x-tier': 'gold' } }), 0), servers: [{ labels: { tier: 'gold' } }, { labels: { tier: 'tin' } }, {}], scores: [1, 0, 0] },
  { what: 'latency without predictions', type: latencyScorer, servers: [{ waiting: 4, kvCacheUsage: 0.4 }, { kvCacheUsage: 0.1 }], scores: [0.2, 0.63] },
];

for (const { what, type, parameters, servers: all, scores, decision = plain } of formulas) {
  test(`${type.type}: ${what}`, () => assert.deepEqual(scored(made(type, parameters), decision, servers(...all)), scores));
}

test('queue-scorer: requests sent since the scrape count, in a queue as wholes, elsewhere as parts', () => {
  assert.deepEqual(scored(made(queueScorer), plain, servers({ waiting: 2, inFlight: 4, inFlightAtScrape: 0 }, { waiting: 2 })), [0, 1]);
  assert.deepEqual(scored(made(queueScorer), plain, servers({ inFlight: 1, inFlightAtScrape: 0 }, {})), [0.75, 1]);
});

test('lora-affinity-scorer: an adapter of which a request is on its way runs there, but a base model is no adapter', () => {
  const [a, b] = servers({ loras: loras(4) }, { loras: loras(4, ['model']) });
  assert.ok(a && b);
  a.inFlightByModel.set('model', 1);
  assert.deepEqual(scored(made(loraAffinityScorer), plain, [a, b]), [1, 1]);
  assert.deepEqual(scored(made(loraAffinityScorer), plain, [a]), [0.8]);
});

test('prefix-cache-scorer: the share of the prompt, or the length of the match', () => {
  const all = servers({}, {}, {});
  const prompt = testPrompt(1, 2, 3, 4);
  const index = testPrefixIndex();
  index.add(testPrompt(1, 2, 3, 4), testEndpoint(0));
  index.add(testPrompt(1, 9, 3), testEndpoint(1));
  const decision = newDecision(testRequest({ prompt }), 0);
  assert.deepEqual(scored(made(prefixCacheScorer), decision, all), [0, 0, 0], 'nobody has looked');
  decision.prefixes.set('approx-prefix-cache-producer', index.match(prompt, all));
  assert.deepEqual(scored(made(prefixCacheScorer), decision, all), [1, 0.25, 0]);
  assert.deepEqual(scored(made(prefixCacheScorer, { matchLengthWeight: 0.5, matchLengthScaleTokens: 512 }), decision, all), [0.625, 0.1328, 0]);
});

test('no-hit-lru-scorer: who was given a cold prompt last comes last, and warm prompts are nobody\'s', () => {
  const all = servers({}, {}, {});
  const scorer = made<Scorer & Observer>(noHitLruScorer);
  const give = (slot: number) => {
    const endpoint = all[slot];
    assert.ok(endpoint);
    scorer.picked?.(plain, { profile: 'default', endpoints: [endpoint], candidates: all, totals: new Float64Array(3) }, 'decode');
  };
  assert.deepEqual(scored(scorer, plain, all), [1, 1, 1]);
  give(1);
  assert.deepEqual(scored(scorer, plain, all), [1, 0, 1]);
  give(0);
  assert.deepEqual(scored(scorer, plain, all), [0, 0.5, 1]);
  give(2);
  give(1);
  assert.deepEqual(scored(scorer, plain, all), [1, 0, 0.5]);
  const prompt = testPrompt(1);
  const index = testPrefixIndex();
  index.add(prompt, testEndpoint(2));
  const warm = newDecision(testRequest({ prompt }), 0);
  warm.prefixes.set('approx-prefix-cache-producer', index.match(prompt, all));
  assert.deepEqual(scored(scorer, warm, all), [0.5, 0.5, 0.5]);
});

test('latency-scorer: headroom first, then idle servers, then those that break one limit', () => {
  const { ttft, tpot } = latencyAttributes('predicted-latency-producer');
  const predicted = (times: readonly (readonly [number, number])[], headers: Record<string, string>) => {
    const decision = newDecision(testRequest({ headers }), 0);
    decision.attributes.set(ttft, Float64Array.from(times, ([first]) => first));
    decision.attributes.set(tpot, Float64Array.from(times, ([, further]) => further));
    return decision;
  };
  const slo = { 'x-llm-d-slo-ttft-ms': '100', 'x-slo-tpot-ms': '10' };
  const busy = servers({ inFlight: 1 }, { inFlight: 1 }, { inFlight: 1 });
  assert.deepEqual(scored(made(latencyScorer), predicted([[50, 5], [90, 5], [150, 5]], slo), busy), [0.01, 1.01, 0], 'the least headroom packs');
  assert.deepEqual(scored(made(latencyScorer, { headroomSelectionStrategy: 'most' }), predicted([[50, 5], [90, 5], [150, 5]], slo), busy), [1.01, 0.01, 0]);
  assert.deepEqual(scored(made(latencyScorer), predicted([[150, 20], [150, 5], [90, 20]], slo), busy), [0, 0, 0.51], 'only the time per token is too long');
  assert.deepEqual(scored(made(latencyScorer), predicted([[150, 20], [150, 5], [500, 20]], slo), servers({ inFlight: 1 }, { inFlight: 1 }, {})), [0, 0, 0.51], 'an idle server');
  assert.deepEqual(scored(made(latencyScorer), predicted([[50, 5], [90, 5], [150, 5]], {}), busy), [1.01, 0.61, 0.01], 'nothing is allowed: the soonest');
});

test('session-affinity-scorer: by a header that names the server', () => {
  const all = servers({}, {});
  const scorer = made<Scorer & Observer>(sessionAffinityScorer);
  const [, second] = all;
  assert.ok(second);
  const [[header, token] = ['', '']] = scorer.responseHeaders?.(plain, second) ?? [];
  assert.equal(header, 'x-session-token');
  assert.deepEqual(scored(scorer, newDecision(testRequest({ headers: { [header]: token } }), 0), all), [0, 1]);
  assert.deepEqual(scored(scorer, newDecision(testRequest({ headers: { [header]: '%%%' } }), 0), all), [0, 0]);
});

test('session-affinity-scorer: by the name of the session, as long as it is heard of', () => {
  const all = servers({}, {});
  const [first, second] = all;
  assert.ok(first && second);
  const scorer = made<Scorer & Observer>(sessionAffinityScorer, { strategy: 'session_id', sessionIdConfig: { sources: [{ attribute: 'session' }], evictionTtlSeconds: 1 } });
  const producer = made<DataProducer>(sessionIdProducer, { cookieName: 'sid' });
  const at = (now: number) => {
    const decision = newDecision(testRequest({ headers: { cookie: 'a=b; sid=s1' } }), now);
    void producer.produce(decision, all);
    return decision;
  };
  const pick = (now: number, endpoint: typeof first, candidates = all) => scorer.picked?.(at(now), { profile: 'default', endpoints: [endpoint], candidates, totals: new Float64Array(2) }, 'decode');
  pick(0, second);
  assert.deepEqual(scored(scorer, at(900), all), [0, 1]);
  pick(900, first);
  assert.deepEqual(scored(scorer, at(950), all), [0, 1], 'sent elsewhere for once');
  pick(960, first, [first]);
  assert.deepEqual(scored(scorer, at(1900), all), [1, 0], 'its server was not there: it moves');
  assert.deepEqual(scored(scorer, at(2000), all), [0, 0], 'forgotten');
});

test('topology-affinity-scorer: near the server of the other stage', () => {
  const at = (host: string, rack: string, zone: string) => ({ labels: { 'kubernetes.io/hostname': host, 'topology.kubernetes.io/rack': rack, 'topology.kubernetes.io/zone': zone, 'topology.kubernetes.io/region': 'r' } });
  const decision = newDecision(testRequest(), 0);
  const all = servers(at('h1', 'k1', 'z1'), at('h2', 'k1', 'z1'), at('h3', 'k2', 'z1'), at('h4', 'k4', 'z2'), {});
  assert.deepEqual(scored(made(topologyAffinityScorer), decision, all), [0, 0, 0, 0, 0]);
  decision.peer = testEndpoint(9, at('h1', 'k1', 'z1'));
  assert.deepEqual(scored(made(topologyAffinityScorer), decision, all), [1, 0.2, 0.05, 0.02, 0]);
});
