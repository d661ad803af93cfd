import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { decodeExtraction } from './extraction.ts';
import { MetricsReader } from './metrics-reader.ts';

function exposition(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, 'testdata', `${name}.prom`));
}

function reader(engine: string, parameters?: object): MetricsReader {
  const found = decodeExtraction(parameters).readerFor({ 'llm-d.ai/engine-type': engine });
  assert.ok(found instanceof MetricsReader);
  return found;
}

const noLoras = { max: 0, running: new Set<string>(), waiting: new Set<string>() };
const none = { waiting: 0, running: 0, kvCacheUsage: 0, blockSize: 0, blocks: 0, loras: noLoras, custom: new Map<string, number>() };

describe('what is read of', () => {
  const cases: readonly (readonly [file: string, engine: string, expected: object])[] = [
    ['vllm', 'vllm', {
      waiting: 3, running: 12, kvCacheUsage: 0.2537109375, blockSize: 16, blocks: 27313,
      loras: { max: 4, running: new Set(['sql-lora', 'chat-lora']), waiting: new Set(['code-lora']) },
    }],
    ['vllm-data-parallel', 'vllm', { waiting: 2, running: 10, kvCacheUsage: 0.375, blockSize: 32, blocks: 2200 }],
    ['openmetrics', 'vllm', { waiting: 3, running: 12, kvCacheUsage: 0.25 }],
    ['sglang', 'sglang', { waiting: 2, running: 7, kvCacheUsage: 0.28, blockSize: 64, blocks: 4096 }],
    ['trtllm-serve', 'trtllm-serve', { waiting: 1, running: 5, kvCacheUsage: 0.75, blockSize: 32, blocks: 2048 }],
    ['triton-tensorrt-llm', 'triton-tensorrt-llm', { waiting: 4, running: 9, kvCacheUsage: 0.4875, blockSize: 64, blocks: 6242 }],
    ['triton', 'triton', { waiting: 3, running: 21 }],
  ];
  for (const [file, engine, expected] of cases) {
    test(file, () => assert.deepEqual(reader(engine).read(exposition(file), 42), { at: 42, ...none, ...expected }));
  }

  test('another engine is nothing', () => assert.equal(reader('sglang').read(exposition('vllm'), 0), undefined));
  test('garbage is nothing', () => assert.equal(reader('vllm').read(Buffer.from([0, 255, 10, 123, 34, 10]), 0), undefined));

  const ill: readonly (readonly [string, string, object])[] = [
    ['usage beyond the end', 'vllm:kv_cache_usage_perc 7', { kvCacheUsage: 1 }],
    ['usage below the beginning', 'vllm:kv_cache_usage_perc -1', {}],
    ['numbers of requests that are none', 'vllm:num_requests_waiting -3\nvllm:num_requests_running 1e300', {}],
    ['a cache of which nothing is known', 'vllm:cache_config_info{block_size="None",num_gpu_blocks="None"} 1', {}],
    ['adapters with blanks and gaps', 'vllm:lora_requests_info{max_lora="x",running_lora_adapters=" a ,,b",waiting_lora_adapters=""} 1', { loras: { ...noLoras, running: new Set(['a', 'b']) } }],
  ];
  for (const [name, text, expected] of ill) test(name, () => assert.deepEqual(reader('vllm').read(Buffer.from(text), 0), { at: 0, ...none, ...expected }));
});

describe('the configuration', () => {
  test('may add engines and metrics', () => {
    const parameters = {
      engineConfigs: [{ name: 'mine', queuedRequestsSpec: 'q{kind=all}', customMetrics: [{ attributeKey: 'temperature', metricSpec: 't{gpu="1"}' }, { attributeKey: 'none', metricSpec: 'n' }] }],
    };
    const text = 'q{kind="some"} 1\nq{kind="all"} 2\nt{gpu="0"} 60\nt{gpu="1"} 70.5\nt{gpu="1",x="y"} 80\n';
    assert.deepEqual(reader('mine', parameters).read(Buffer.from(text), 0), { at: 0, ...none, waiting: 2, custom: new Map([['temperature', 70.5]]) });
  });

  test('may replace an engine of ours as a whole', () => {
    const own = reader('vllm', { engineConfigs: [{ name: 'vllm', kvUsageSpec: 'vllm:gpu_cache_usage_perc' }] });
    assert.deepEqual(own.names, ['vllm:gpu_cache_usage_perc']);
  });

  test('may name the labels of the cache', () => {
    const own = reader('mine', { engineConfigs: [{ name: 'mine', cacheInfoSpec: 'c', cacheBlockSizeLabelName: 'size', cacheNumBlocksLabelName: 'count' }] });
    assert.deepEqual(own.read(Buffer.from('c{size="8",count="9"} 1'), 0), { at: 0, ...none, blockSize: 8, blocks: 9 });
  });

  test('says which engine a server has', () => {
    const names = (labels: Readonly<Record<string, string>>, parameters?: object): unknown => {
      const found = decodeExtraction(parameters).readerFor(labels);
      return found instanceof MetricsReader ? found.names[0] : found;
    };
    assert.equal(names({}), 'vllm:num_requests_waiting');
    assert.equal(names({ 'llm-d.ai/engine-type': '' }), 'vllm:num_requests_waiting');
    assert.equal(names({ 'inference.networking.k8s.io/engine-type': 'sglang' }), 'sglang:num_queue_reqs');
    assert.equal(names({ 'llm-d.ai/engine-type': 'triton', 'inference.networking.k8s.io/engine-type': 'sglang' }), 'nv_inference_pending_request_count');
    assert.equal(names({}, { defaultEngine: 'sglang' }), 'sglang:num_queue_reqs');
    assert.equal(names({ engine: 'triton' }, { engineLabelKey: 'engine' }), 'nv_inference_pending_request_count');
    assert.equal(names({ 'llm-d.ai/engine-type': 'foo' }), 'its label llm-d.ai/engine-type says "foo"; known engines are vllm, sglang, trtllm-serve, triton-tensorrt-llm, triton');
  });

  const wrong: readonly (readonly [unknown, string])[] = [
    [[], 'parameters: must be an object'],
    [{ engines: [] }, 'parameters.engines: unknown field; known are engineLabelKey, defaultEngine, engineConfigs'],
    [{ engineLabelKey: 1 }, 'parameters.engineLabelKey: must be a text, not 1'],
    [{ engineConfigs: {} }, 'parameters.engineConfigs: must be a list'],
    [{ engineConfigs: [{}] }, 'parameters.engineConfigs[0].name: must not be empty'],
    [{ engineConfigs: [{ name: 'default' }] }, 'parameters.engineConfigs[0].name: "default" is no name for an engine; see defaultEngine'],
    [{ engineConfigs: [{ name: 'a' }, { name: 'a' }] }, 'parameters.engineConfigs: there are two engines "a"'],
    [{ engineConfigs: [{ name: 'a', loraSpec: 'l{' }] }, 'parameters.engineConfigs[0].loraSpec: "l{" is no metric; write name or name{label=value}'],
    [{ engineConfigs: [{ name: 'a', customMetrics: [{ metricSpec: 'm' }] }] }, 'parameters.engineConfigs[0].customMetrics[0].attributeKey: must not be empty'],
    [{ engineConfigs: [{ name: 'a', customMetrics: [{ attributeKey: 'k', metricSpec: 'm' }, { attributeKey: 'k', metricSpec: 'm' }] }] }, 'parameters.engineConfigs[0].customMetrics[1].attributeKey: "k" is there twice'],
    [{ defaultEngine: 'foo' }, 'parameters.defaultEngine: there is no engine "foo"; known are vllm, sglang, trtllm-serve, triton-tensorrt-llm, triton'],
  ];
  for (const [parameters, message] of wrong) test(`is refused: ${message}`, () => assert.throws(() => decodeExtraction(parameters), { message }));
});
