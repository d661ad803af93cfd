import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultConfig } from './default-config.ts';
import { problemText, readConfig } from './read-config.ts';

const head = 'apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n';

function problems(text: string, allowExperimentalPlugins = false) {
  const { config, errors, warnings } = readConfig(text, { allowExperimentalPlugins });
  assert.equal(config === undefined, errors.length > 0);
  return { errors: errors.map(problemText), warnings: warnings.map(problemText) };
}

function good(text: string, allowExperimentalPlugins = true) {
  const { config, errors } = readConfig(text, { allowExperimentalPlugins });
  assert.deepEqual(errors.map(problemText), []);
  assert.ok(config);
  return config;
}

test('the default configuration has all that it needs', () => {
  const config = defaultConfig();
  assert.deepEqual(config.profiles, [
    { name: 'default', plugins: [{ name: 'queue-scorer', weight: 2 }, { name: 'kv-cache-utilization-scorer', weight: 2 }, { name: 'prefix-cache-scorer', weight: 3 }, { name: 'max-score-picker', weight: 1 }] },
  ]);
  assert.deepEqual(config.plugins.filter(({ automatic }) => automatic).map(({ name }) => name).sort(), [
    'anthropic-parser', 'approx-prefix-cache-producer', 'fcfs-ordering-policy', 'global-strict-fairness-policy', 'max-score-picker', 'openai-parser', 'passthrough-parser', 'single-profile-handler', 'static-usage-limit-policy',
    'token-producer', 'utilization-detector', 'vllmhttp-parser',
  ]);
  assert.deepEqual(config.featureGates, { flowControl: false, haPopulateNonLeaderDatastore: true });
  assert.deepEqual([config.profileHandler, config.saturationDetector, config.parsers], ['single-profile-handler', 'utilization-detector', ['openai-parser', 'anthropic-parser', 'vllmhttp-parser', 'passthrough-parser']]);
  assert.deepEqual(config.dataLayer.sources, [{ plugin: 'metrics-data-source', extractors: ['core-metrics-extractor'] }]);
  assert.equal(config.flowControl.defaultRequestTtlMs, 60_000);
});

test('all mistakes are told at once, with place, line and what was meant', () => {
  const { errors } = problems(`apiVersion: llm-d.ai/v1
kind: EndpointPickerConfig
featureGate: []
plugins:
- type: queue-scorrer
- type: prefix-cache-scorer
  parameters:
    matchLenghtWeight: 0.5
- name: queue
  type: queue-scorer
  paramters: {}
- name: queue
  type: running-requests-size-scorer
- type: burst-prefix-cache-producer
- type: utilization-filter
  parameters: {conditions: []}
schedulingProfiles:
- name: default
  plugins:
  - pluginRef: quue
  - pluginRef: token-load-scorer
  - pluginRef: queue-scorrer
featureGates: [flowcontrl]
`);
  assert.deepEqual(errors, [
    'apiVersion: must be "llm-d.ai/v1alpha1", not "llm-d.ai/v1" (line 1)',
    'featureGate: unknown field; did you mean "featureGates"? (line 3)',
    'plugins[0].type: unknown plugin type "queue-scorrer"; did you mean "queue-scorer"? (line 5)',
    'plugins[1].parameters.matchLenghtWeight: unknown field; did you mean "matchLengthWeight"? (line 8)',
    'plugins[2].paramters: unknown field; did you mean "parameters"? (line 11)',
    'plugins[3].name: a plugin named "queue" is there already (line 12)',
    'plugins[4].type: "burst-prefix-cache-producer" is not supported: alpha; it holds requests back for 100 ms to place them together (line 14)',
    'plugins[5].type: "utilization-filter" is alpha: it needs --allow-experimental-plugins (line 15)',
    'plugins[5].parameters.conditions: must not be empty (line 16)',
    'schedulingProfiles[0].plugins[0].pluginRef: there is no plugin "quue"; did you mean "queue"? (line 20)',
    'schedulingProfiles[0].plugins[1].pluginRef: there is no plugin "token-load-scorer"; add "- type: token-load-scorer" to plugins (line 21)',
    'featureGates[0]: unknown feature gate "flowcontrl"; did you mean "flowControl"? (line 23)',
  ]);
});

test('a text that is no configuration is one error', () => {
  assert.deepEqual(problems('plugins: [\n').errors.length, 1);
  assert.deepEqual(problems('- a\n').errors[0], 'must be a map, not a list (line 1)');
  assert.match(problems('x'.repeat(2_000_000)).errors[0] ?? '', /is longer than 1048576 characters/);
  assert.deepEqual(problems('').errors, ['apiVersion: is required (line 1)', 'kind: is required (line 1)']);
});

test('former names are read with a warning', () => {
  const { errors, warnings } = problems(`apiVersion: inference.networking.x-k8s.io/v1alpha1
kind: EndpointPickerConfig
featureGates: [dataLayer, flowControl=false]
plugins:
- type: by-label
  parameters: {label: a, validValues: [b]}
- type: active-request-scorer
  parameters: {requestTimeout: 5s}
saturationDetector: {queueDepthThreshold: 9}
parser: {pluginRef: openai-parser}
`);
  assert.deepEqual(errors, []);
  assert.deepEqual(warnings, [
    'apiVersion: "inference.networking.x-k8s.io/v1alpha1" is deprecated: use llm-d.ai/v1alpha1 (line 1)',
    'featureGates[0]: "dataLayer" is not a feature gate any more, and always on (line 3)',
    'plugins[0].type: "by-label" is deprecated: use label-selector-filter (line 5)',
    'plugins[1].parameters.requestTimeout: is deprecated: requests are followed to their end, whenever that is (line 8)',
    'saturationDetector: is deprecated: use flowControl.saturationDetector (line 9)',
    'saturationDetector.queueDepthThreshold: is deprecated: set it at a plugin of type utilization-detector (line 9)',
    'parser: is deprecated: use requestHandler.parsers (line 10)',
  ]);
});

test('former sections count', () => {
  const config = good(`${head}plugins: [{type: queue-scorer}]\nsaturationDetector: {queueDepthThreshold: 9}\nparser: {pluginRef: openai-parser}\n`);
  assert.equal(config.plugins.find(({ name }) => name === 'utilization-detector')?.values.queueDepthThreshold, 9);
  assert.deepEqual(config.parsers, ['openai-parser']);
});

test('without profiles there is one of all filters, scorers and pickers', () => {
  const config = good(`${head}plugins: [{type: decode-filter}, {type: queue-scorer, name: q}, {type: random-picker}]\n`);
  assert.deepEqual(config.profiles, [{ name: 'default', plugins: ['decode-filter', 'q', 'random-picker'].map((name) => ({ name, weight: 1 })) }]);
});

test('a profile without a picker has the one that is configured', () => {
  const config = good(`${head}plugins: [{type: queue-scorer}, {type: weighted-random-picker, name: w}]\nschedulingProfiles: [{name: a, plugins: [{pluginRef: queue-scorer, weight: 0.5}]}]\n`);
  assert.deepEqual(config.profiles[0]?.plugins, [{ name: 'queue-scorer', weight: 0.5 }, { name: 'w', weight: 1 }]);
});

test('producers that plugins need are added, also for producers, unless they are configured', () => {
  const names = (text: string) => good(head + text).plugins.filter(({ type }) => type.kinds.includes('data-producer')).map(({ name }) => name);
  assert.deepEqual(names('plugins: [{type: token-load-scorer}]\n'), ['token-producer', 'inflight-load-producer']);
  assert.deepEqual(names('plugins: [{type: latency-scorer}]\n'), ['token-producer', 'approx-prefix-cache-producer', 'inflight-load-producer', 'predicted-latency-producer']);
  assert.deepEqual(names('plugins: [{type: queue-scorer}]\n'), []);
  assert.deepEqual(names('plugins: [{type: queue-scorer}]\nflowControl: {saturationDetector: {pluginRef: concurrency-detector}}\n'), ['token-producer', 'inflight-load-producer']);
  assert.deepEqual(names('plugins: [{type: prefix-cache-scorer, parameters: {prefixMatchInfoProducerName: mine}}, {type: precise-prefix-cache-producer, name: mine}]\n'), ['mine', 'token-producer']);
});

test('several profiles need a handler for them', () => {
  const profiles = 'schedulingProfiles: [{name: decode, plugins: [{pluginRef: queue-scorer}]}, {name: prefill, plugins: [{pluginRef: queue-scorer}]}]\n';
  assert.deepEqual(problems(`${head}plugins: [{type: queue-scorer}]\n${profiles}`).errors, ['plugins: must have a profile handler, as there are 2 scheduling profiles (line 3)']);
  assert.deepEqual(problems(`${head}plugins: [{type: queue-scorer}, {type: single-profile-handler}]\n${profiles}`).errors, [
    'schedulingProfiles: profile handler "single-profile-handler" needs exactly one scheduling profile, not 2 (line 4)',
  ]);
  assert.deepEqual(problems(`${head}plugins: [{type: queue-scorer}, {type: disagg-profile-handler, parameters: {profiles: {decode: d}}}]\n${profiles}`).errors, [
    'schedulingProfiles: profile handler "disagg-profile-handler" needs a scheduling profile "d" (line 4)',
  ]);
  const config = good(`${head}plugins: [{type: queue-scorer}, {type: disagg-profile-handler, parameters: {deciders: {prefill: always}}}, {type: always-disagg-pd-decider, name: always}]\n${profiles}`);
  const order = config.plugins.map(({ name }) => name);
  assert.ok(order.indexOf('always') < order.indexOf('disagg-profile-handler'), 'deciders are made before what names them');
});

test('a plugin in the wrong place is told so', () => {
  assert.deepEqual(
    problems(`${head}plugins: [{type: queue-scorer}, {type: max-score-picker}, {type: random-picker}]
requestHandler: {parsers: [{pluginRef: queue-scorer}]}
schedulingProfiles: [{name: a, plugins: [{pluginRef: openai-parser}, {pluginRef: max-score-picker}, {pluginRef: random-picker}]}]
`).errors,
    [
      'requestHandler.parsers[0].pluginRef: "queue-scorer" is of type queue-scorer, which is not a parser (line 4)',
      'schedulingProfiles[0].plugins: has 2 pickers, and may have one: max-score-picker, random-picker (line 5)',
      'schedulingProfiles[0].plugins[0].pluginRef: there is no plugin "openai-parser" (line 5)',
    ],
  );
});

test('flow control is read, bands by priority', () => {
  const { flowControl, featureGates, plugins } = good(`${head}featureGates: [flowControl]
plugins: [{type: queue-scorer}]
flowControl:
  maxBytes: 2Gi
  defaultRequestTTL: 30s
  defaultPriorityBand: {maxRequests: 10}
  priorityBands: [{priority: -1, maxBytes: 500M}, {priority: 10, fairnessPolicyRef: round-robin-fairness-policy}]
  enableEviction: true
`);
  assert.ok(featureGates.flowControl);
  const standard = { maxBytes: 1e9, maxRequests: 5000, fairnessPolicy: 'global-strict-fairness-policy', orderingPolicy: 'fcfs-ordering-policy' };
  assert.deepEqual(flowControl, {
    maxBytes: 2 ** 31,
    maxRequests: 0,
    defaultRequestTtlMs: 30_000,
    noEndpointRequestTtlMs: 30_000,
    bands: [{ ...standard, priority: 10, fairnessPolicy: 'round-robin-fairness-policy' }, { ...standard, priority: -1, maxBytes: 5e8 }],
    defaultBand: { ...standard, maxRequests: 10 },
    defaultNegativeBand: { ...standard, maxRequests: 10 },
    usageLimitPolicy: 'static-usage-limit-policy',
    enableEviction: true,
  });
  assert.ok(plugins.some(({ name }) => name === 'round-robin-fairness-policy'), 'policies may be named by their type');
});

test('flow control without its gate is warned of', () => {
  assert.deepEqual(problems(`${head}plugins: [{type: queue-scorer}]\nflowControl: {maxRequests: 5}\n`).warnings, [
    'flowControl: has no effect without the feature gate "flowControl", apart from saturationDetector (line 4)',
  ]);
});
