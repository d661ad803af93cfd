import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemText, readConfig } from '../config/read-config.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { buildScheduling } from '../scheduling/build.ts';
import { testEndpoint, testPrefixIndex, testRequest } from '../testing.ts';
import type { Entrance, Waiter } from './admission.ts';
import { buildEntrance } from './build.ts';
import { FlowController } from './flow-controller.ts';
import { LegacyEntrance } from './legacy-entrance.ts';
import { TestTimers } from './testing.ts';

const waiter: Waiter = { dispatched() {}, rejected() {}, evicted() {} };

function built(more: object, endpoints: readonly Endpoint[], timers = new TestTimers()) {
  const text = JSON.stringify({ apiVersion: 'llm-d.ai/v1alpha1', kind: 'EndpointPickerConfig', plugins: [{ type: 'queue-scorer' }], ...more });
  const { config, errors } = readConfig(text, { allowExperimentalPlugins: true });
  assert.deepEqual(errors.map(problemText), []);
  assert.ok(config);
  const scheduling = buildScheduling(config, { random: Math.random, prefixIndex: testPrefixIndex, sleep: () => new Promise(() => {}) });
  return buildEntrance(config, scheduling, { endpoints: () => endpoints, scrapeMs: 50, timers });
}

/** Sends in one turn, and places at once what is dispatched, at the server with the fewest. */
function burst(entrance: Entrance, endpoints: readonly Endpoint[], count: number, priority = 0): number {
  let dispatched = 0;
  for (let i = 0; i < count; i++) {
    const admission = entrance.admit(testRequest({ priority }), endpoints, waiter);
    if (admission.kind !== 'dispatched') continue;
    dispatched++;
    const [least] = endpoints.toSorted((a, b) => a.inFlight - b.inFlight);
    if (least !== undefined) least.inFlight++;
    admission.ticket.placed();
  }
  return dispatched;
}

test('without the gate nobody waits', () => {
  const endpoints = [testEndpoint(0, { waiting: 10 })];
  const entrance = built({ flowControl: { maxRequests: 1 } }, endpoints);
  assert.ok(entrance instanceof LegacyEntrance);
  assert.deepEqual([burst(entrance, endpoints, 5), burst(entrance, endpoints, 5, -1)], [5, 0]);
});

test('with the gate there are the policies that the configuration names, each by its name', () => {
  const entrance = built(
    {
      featureGates: ['flowControl'],
      plugins: [{ type: 'queue-scorer' }, { type: 'static-usage-limit-policy', name: 'half', parameters: { threshold: 0.5 } }, { type: 'round-robin-fairness-policy', name: 'turns' }],
      flowControl: { usageLimitPolicyPluginRef: 'half', saturationDetector: { pluginRef: 'concurrency-detector' }, priorityBands: [{ priority: 3, fairnessPolicyRef: 'turns', orderingPolicyRef: 'edf-ordering-policy' }], defaultNegativePriorityBand: { fairnessPolicyRef: 'program-aware-fairness' } },
    },
    [],
  );
  assert.ok(entrance instanceof FlowController);
  entrance.admit(testRequest({ priority: -1 }), [], waiter);
  entrance.admit(testRequest(), [], waiter);
  assert.deepEqual(entrance.bands.map(({ priority, fairness, ordering }) => [priority, fairness.name, ordering.name]), [
    [3, 'turns', 'edf-ordering-policy'],
    [0, 'global-strict-fairness-policy', 'fcfs-ordering-policy'],
    [-1, 'program-aware-fairness', 'fcfs-ordering-policy'],
  ]);
  assert.equal(entrance.reclamation, undefined);
  const endpoints = [testEndpoint(0)];
  assert.equal(burst(built({ featureGates: ['flowControl'], plugins: [{ type: 'queue-scorer' }, { type: 'static-usage-limit-policy', name: 'half', parameters: { threshold: 0.5 } }], flowControl: { usageLimitPolicyPluginRef: 'half', saturationDetector: { pluginRef: 'concurrency-detector' } } }, endpoints), endpoints, 200), 50);
});

test('a burst between two scrapes is let in as far as servers are thought to take it, though their metrics say that they are idle', () => {
  const timers = new TestTimers();
  const endpoints = [0, 1, 2, 3].map((slot) => testEndpoint(slot, { metricsDue: 1000 }));
  const entrance = built({ featureGates: ['flowControl'] }, endpoints, timers);
  assert.equal(burst(entrance, endpoints, 1000), 4 * 20);
  // What was sent runs, and nothing waits: there is as much room again.
  for (const endpoint of endpoints) {
    endpoint.metrics = { ...endpoint.metrics, running: endpoint.inFlight };
    endpoint.inFlightAtScrape = endpoint.inFlight;
  }
  assert.equal(burst(entrance, endpoints, 1000), 0, 'the first come first: those that wait');
  assert.equal((entrance as FlowController).outcomes.Dispatched, 4 * 20 + 80);
});

test('a pool that has been idle for long is not full', () => {
  const timers = new TestTimers();
  const endpoints = [testEndpoint(0, { metricsDue: 1000 })];
  const entrance = built({ featureGates: ['flowControl'] }, endpoints, timers);
  timers.advance(1150);
  assert.equal(entrance.admit(testRequest(), endpoints, waiter).kind, 'dispatched');
  timers.advance(100);
  assert.equal(entrance.admit(testRequest(), endpoints, waiter).kind, 'waiting', 'its metrics are late by 250 ms');
});

test('eviction waits until metrics must have been read anew', () => {
  for (const [detector, graceMs] of [['utilization-detector', 500], ['concurrency-detector', 10]] as const) {
    const timers = new TestTimers();
    const endpoints = [testEndpoint(0)];
    const entrance = built({ featureGates: ['flowControl'], flowControl: { enableEviction: true, defaultRequestTTL: '0s', saturationDetector: { pluginRef: detector } } }, endpoints, timers);
    const evictedAt: number[] = [];
    const shed = [1, 2, 3].map(() => {
      const admission = entrance.admit(testRequest({ priority: -1 }), endpoints, { ...waiter, evicted: () => evictedAt.push(timers.now()) });
      assert.ok(admission.kind === 'dispatched');
      admission.ticket.placed();
      return admission.ticket;
    });
    for (const endpoint of endpoints) endpoint.inFlight = 100;
    entrance.admit(testRequest(), endpoints, waiter);
    const first = evictedAt.length;
    assert.ok(first > 0);
    shed[2]?.end();
    shed[1]?.end();
    timers.advance(graceMs - 1);
    const before = evictedAt.length;
    timers.advance(1);
    assert.deepEqual([before, evictedAt.length > before, evictedAt.at(-1)], [first, true, graceMs], detector);
  }
});
