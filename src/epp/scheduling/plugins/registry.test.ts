import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readConfig } from '../../config/read-config.ts';
import type { Endpoint } from '../../endpoints/endpoint.ts';
import { loras, testEndpoint, testPrefixIndex, testPrompt, testRandom, testRequest } from '../../testing.ts';
import { newDecision, type Filter, type Picker, type Plugin, type SaturationDetector, type Scorer } from '../plugin.ts';
import { latencyAttributes } from './latency.ts';
import { leftOut } from './left-out.ts';
import { pluginTypes, pluginTypeOf } from './registry.ts';
import { made } from './testing.ts';

/** Parameters for types that need some. */
const parametersOf: Readonly<Record<string, object>> = {
  'endpoint-attribute-scorer': { attributeKey: 'heat', algorithm: { type: 'linear_lower_is_better' } },
  'endpoint-attribute-filter': { attribute: 'heat', algorithm: { type: 'threshold', threshold: { operator: 'LessThan', value: 5 } } },
  'header-label-affinity-scorer': { headerName: 'tier', labelKey: 'tier' },
  'label-selector-filter': { matchLabels: { tier: 'gold' } },
  'by-label-selector': { matchLabels: { tier: 'gold' } },
  'by-label': { label: 'tier', validValues: ['gold'] },
  'utilization-filter': { conditions: [{ metric: 'waiting-queue', maxValue: 3 }] },
  'context-length-aware': { enableFiltering: true },
  'session-id-producer': { headerName: 'x-session-id' },
};

const endpoint = fc
  .record({
    waiting: fc.nat(20),
    running: fc.nat(300),
    kvCacheUsage: fc.double({ min: 0, max: 1, noNaN: true }),
    blocks: fc.constantFrom(0, 1000),
    blockSize: fc.constantFrom(0, 16),
    inFlight: fc.nat(50),
    inFlightAtScrape: fc.nat(50),
    inFlightTokens: fc.nat(1e6),
    at: fc.constantFrom(-Infinity, 0, 900),
    tier: fc.constantFrom('gold', 'tin'),
    range: fc.constantFrom('0-100', '100-9000', '?'),
    adapters: fc.subarray(['model', 'a', 'b']),
    heat: fc.option(fc.integer({ min: 0, max: 9 })),
  })
  .map(({ tier, range, adapters, heat, ...server }) => ({ ...server, labels: { tier, 'llm-d.ai/context-length-range': range }, loras: loras(2, adapters, adapters), custom: new Map(heat === null ? [] : [['heat', heat]]) }));

const situation = fc.record({ servers: fc.array(endpoint, { minLength: 1, maxLength: 12 }), tokens: fc.nat(5000), known: fc.array(fc.nat(12), { maxLength: 4 }), predicted: fc.boolean() }).map(({ servers, tokens, known, predicted }) => {
  const candidates = servers.map((server, slot) => testEndpoint(slot, server));
  const prompt = testPrompt(1, 2, 3);
  const index = testPrefixIndex();
  for (const slot of known) index.add(testPrompt(1, 2), testEndpoint(slot));
  const decision = newDecision(testRequest({ prompt, promptTokens: tokens, headers: { tier: 'gold', 'x-slo-ttft-ms': '20' } }), 1000);
  decision.prefixes.set('approx-prefix-cache-producer', index.match(prompt, candidates));
  decision.peer = candidates[0];
  const { ttft, tpot } = latencyAttributes('predicted-latency-producer');
  if (predicted) for (const attribute of [ttft, tpot]) decision.attributes.set(attribute, Float64Array.from(candidates, ({ slot }) => (slot % 3 === 2 ? NaN : slot * 10)));
  return { candidates, decision };
});

const of = <P extends Plugin>(kind: 'scorer' | 'filter' | 'picker' | 'saturation-detector') =>
  pluginTypes.filter(({ kinds }) => kinds.includes(kind)).map((type) => made<P>(type, parametersOf[type.type], { random: testRandom(3) }));

test('every scorer gives every candidate a number, and nothing beyond', () => {
  const scorers = of<Scorer>('scorer');
  assert.ok(scorers.length >= 15);
  fc.assert(
    fc.property(situation, ({ candidates, decision }) => {
      for (const scorer of scorers) {
        const scores = new Float64Array(candidates.length + 2).fill(-7);
        scorer.score(decision, candidates, scores);
        const own = scores.subarray(0, candidates.length);
        assert.ok(own.every((score) => score >= 0 && score <= 1.01 + 1e-9), `${scorer.name}: ${own.join(' ')}`);
        assert.deepEqual([...scores.subarray(candidates.length)], [-7, -7], scorer.name);
      }
    }),
    { numRuns: 200 },
  );
});

test('every filter keeps some of the candidates, each once, and leaves the list as it was', () => {
  const filters = of<Filter>('filter');
  assert.ok(filters.length >= 12);
  fc.assert(
    fc.property(situation, ({ candidates, decision }) => {
      const before = [...candidates];
      for (const filter of filters) {
        const kept = filter.filter(decision, candidates);
        assert.ok(kept.every((one) => candidates.includes(one)) && new Set(kept).size === kept.length, filter.name);
      }
      assert.deepEqual(candidates, before);
    }),
    { numRuns: 200 },
  );
});

test('every picker picks at least one, and saturation is a number', () => {
  fc.assert(
    fc.property(situation, ({ candidates, decision }) => {
      for (const picker of of<Picker>('picker')) assert.equal(picker.pick(decision, candidates, new Float64Array(candidates.length)).filter((one: Endpoint) => candidates.includes(one)).length, 1);
      for (const detector of of<SaturationDetector>('saturation-detector')) assert.ok(detector.saturation(decision.now, candidates) >= 0);
    }),
    { numRuns: 50 },
  );
});

test('no type is there twice, or left out as well', () => {
  assert.equal(pluginTypeOf.size, pluginTypes.length);
  assert.deepEqual(Object.keys(leftOut).filter((type) => pluginTypeOf.has(type)), []);
});

test('whatever a configuration says, it is a configuration or has errors, and nothing is thrown', () => {
  const json = fc.jsonValue({ maxDepth: 4 });
  const keys = [...new Set(pluginTypes.flatMap(({ parameters }) => Object.keys(parameters)))];
  const parameters = fc.oneof(json, fc.dictionary(fc.constantFrom(...keys), json, { maxKeys: 4 }));
  const plugin = fc.record({ type: fc.oneof(fc.constantFrom(...pluginTypeOf.keys(), ...Object.keys(leftOut)), json), name: fc.oneof(fc.constantFrom('a', 'b', 'queue-scorer'), json), parameters }, { requiredKeys: ['type'] });
  const ref = fc.record({ pluginRef: fc.oneof(fc.constantFrom('a', 'b', 'queue-scorer', 'openai-parser'), json), weight: json }, { requiredKeys: [] });
  const config = fc.record(
    {
      apiVersion: fc.constant('llm-d.ai/v1alpha1'),
      kind: fc.constant('EndpointPickerConfig'),
      featureGates: fc.oneof(fc.array(fc.oneof(fc.constantFrom('flowControl', 'flowControl=maybe', '='), json)), json),
      plugins: fc.oneof({ weight: 5, arbitrary: fc.array(plugin, { maxLength: 5 }) }, json),
      schedulingProfiles: fc.oneof({ weight: 5, arbitrary: fc.array(fc.record({ name: fc.constantFrom('a', 'b'), plugins: fc.array(ref, { maxLength: 3 }) }), { maxLength: 2 }) }, json),
      dataLayer: json,
      flowControl: fc.oneof(fc.record({ priorityBands: fc.array(fc.record({ priority: fc.integer({ min: -1, max: 1 }) })) }), json),
      requestHandler: fc.oneof(fc.record({ parsers: fc.array(ref) }), json),
      saturationDetector: fc.oneof(ref, json),
      parser: fc.oneof(ref, json),
    },
    { requiredKeys: ['apiVersion', 'kind'] },
  );
  fc.assert(
    fc.property(fc.oneof({ weight: 9, arbitrary: config }, json), (value) => {
      const { config: read, errors } = readConfig(JSON.stringify(value), { allowExperimentalPlugins: true });
      assert.equal(read === undefined, errors.length > 0);
    }),
    { numRuns: 1000 },
  );
});
