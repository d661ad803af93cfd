import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultConfig } from './default-config.ts';
import { overlayName, poolPicker, type Overlay } from './pool-annotations.ts';

const prefix = 'inference.networking.x-k8s.io';

function read(annotations: Readonly<Record<string, string>>, data?: Overlay['data']) {
  return poolPicker(Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`${prefix}/${name}`, value])), data && { data });
}

/** Scorers of the only profile, with their weights. */
function scorers({ config }: ReturnType<typeof read>): Record<string, number> {
  assert.ok(config !== undefined);
  const types = new Map(config.plugins.map(({ name, type }) => [name, type]));
  return Object.fromEntries((config.profiles[0]?.plugins ?? []).filter(({ name }) => types.get(name)?.kinds.includes('scorer')).map(({ name, weight }) => [name, weight]));
}

function texts({ problems }: ReturnType<typeof read>): string[] {
  return problems.map(({ severity, field, message }) => `${severity} ${field.replace('metadata.annotations', '').replace(`${prefix}/`, '')} ${message}`);
}

test('a pool without annotations asks for nothing', () => assert.deepEqual(read({}), { config: undefined, engine: undefined, problems: [] }));

describe('routing-strategy', () => {
  test('DEFAULT goes by load alone', () => {
    const found = read({ 'routing-strategy': 'DEFAULT' });
    assert.deepEqual(scorers(found), { 'queue-scorer': 2, 'kv-cache-utilization-scorer': 2, 'lora-affinity-scorer': 1 });
    assert.deepEqual([found.config?.featureGates.flowControl, found.problems], [false, []]);
  });
  test('PREFIX_CACHE goes by prefixes, too, as our default does', () => assert.deepEqual(read({ 'routing-strategy': 'PREFIX_CACHE' }).config, defaultConfig()));
  test('of another value counts as none', () => {
    const found = read({ 'routing-strategy': 'prefix-cache' });
    assert.equal(found.config, undefined);
    assert.deepEqual(texts(found), ['error [routing-strategy] unknown value "prefix-cache"; did you mean "PREFIX_CACHE"?; known are DEFAULT, PREFIX_CACHE']);
  });
});

describe('queueing', () => {
  for (const value of ['enabled', 'true']) test(`${value} lets requests wait`, () => assert.equal(read({ queueing: value }).config?.featureGates.flowControl, true));
  test('comes on top of a strategy', () => {
    const found = read({ 'queueing': 'enabled', 'routing-strategy': 'DEFAULT' });
    assert.deepEqual([found.config?.featureGates.flowControl, Object.keys(scorers(found)).includes('prefix-cache-scorer')], [true, false]);
  });
  test('disabled is the default configuration, whatever the picker has for other pools', () => assert.deepEqual(read({ queueing: 'disabled' }).config, defaultConfig()));
  test('of another value counts as none', () => assert.deepEqual(texts(read({ queueing: 'yes' })), ['error [queueing] unknown value "yes"; known are enabled, disabled, true, false']));
});

describe('model-server-runtime', () => {
  const cases: readonly (readonly [string, string])[] = [['vllm', 'vllm'], ['sglang', 'sglang'], ['trt-llm', 'triton-tensorrt-llm'], ['trtllm-serve', 'trtllm-serve'], [' vllm ', 'vllm']];
  for (const [value, engine] of cases) test(`${JSON.stringify(value)} is ${engine}`, () => assert.deepEqual(read({ 'model-server-runtime': value }), { config: undefined, engine, problems: [] }));
  test('of another value counts as none', () => {
    const found = read({ 'model-server-runtime': 'constructor' });
    assert.equal(found.engine, undefined);
    assert.match(texts(found).join(), /^error \[model-server-runtime\] unknown value "constructor"; known are vllm, sglang,/);
  });
});

describe('epp-overlay', () => {
  const config = 'apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\nplugins: [{ type: random-picker }]\n';
  const pickers = ({ config: found }: ReturnType<typeof read>) => found?.plugins.filter(({ type }) => type.kinds.includes('picker')).map(({ name }) => name);

  test('names a ConfigMap', () => {
    assert.deepEqual([overlayName({ [`${prefix}/epp-overlay`]: ' mine ' }), overlayName({ [`${prefix}/epp-overlay`]: ' ' }), overlayName({})], ['mine', undefined, undefined]);
  });
  test('whose EndpointPickerConfig counts', () => {
    const found = read({ 'epp-overlay': 'mine' }, { 'config.yaml': config });
    assert.deepEqual([pickers(found), found.problems], [['random-picker'], []]);
  });
  test('in JSON, too', () => {
    assert.deepEqual(pickers(read({ 'epp-overlay': 'mine' }, { c: '{"apiVersion":"llm-d.ai/v1alpha1","kind":"EndpointPickerConfig","plugins":[{"type":"random-picker"}]}' })), ['random-picker']);
  });
  test('before other annotations, but for the engine', () => {
    const found = read({ 'epp-overlay': 'mine', 'routing-strategy': 'DEFAULT', 'model-server-runtime': 'sglang' }, { c: config });
    assert.deepEqual([pickers(found), found.engine], [['random-picker'], 'sglang']);
    assert.deepEqual(texts(found), ['warning [routing-strategy] has no effect: ConfigMap mine says it all']);
  });
  test('and says what is wrong with it, and the rest counts', () => {
    const found = read({ 'epp-overlay': 'mine', 'routing-strategy': 'DEFAULT' }, { c: `${config}nonsense: 1\n` });
    assert.deepEqual(texts(found), ['error [epp-overlay] ConfigMap mine c: nonsense: unknown field (line 4)']);
    assert.ok(Object.hasOwn(scorers(found), 'lora-affinity-scorer'));
  });

  const wrong: readonly (readonly [string, Overlay['data'] | undefined, readonly string[]])[] = [
    ['is not there', undefined, ['error [epp-overlay] ConfigMap mine does not exist']],
    ['has nothing in it', {}, ['error [epp-overlay] ConfigMap mine has no EndpointPickerConfig']],
    ['changes a Deployment', { deployment: 'kind: Deployment\nspec: { replicas: 2 }\n' }, [
      'warning [epp-overlay] ConfigMap mine: deployment has no effect: a picker that serves many pools has no Deployment or Service for this one',
      'error [epp-overlay] ConfigMap mine has no EndpointPickerConfig',
    ]],
    ['has two', { a: config, b: config }, ['error [epp-overlay] ConfigMap mine has several EndpointPickerConfigs: a, b']],
  ];
  for (const [name, data, expected] of wrong) {
    test(`of a ConfigMap that ${name} counts as none`, () => {
      const found = read({ 'epp-overlay': 'mine' }, data);
      assert.deepEqual([found.config, texts(found)], [undefined, expected]);
    });
  }
});
