import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gauge, Registry } from 'prom-client';
import { withFormerNames } from './aliases.ts';
import { RequestMetrics } from './request-metrics.ts';

const request = { model: 'llama', targetModel: 'llama-v2', fairnessId: 'default-flow', priority: 0 };

test('requests are counted while they run and when they have ended, under present and former names', async () => {
  const registry = new Registry();
  const metrics = new RequestMetrics(registry);
  const series = metrics.of(request);
  series.started({ bodyBytes: 700, promptTokens: 150 });
  const running = withFormerNames(await registry.metrics());
  for (const name of ['llm_d_epp_request_running', 'inference_objective_running_requests']) {
    assert.match(running, new RegExp(`^${name}\\{model_name="llama",target_model_name="llama-v2",fairness_id="default-flow",priority="0"\\} 1$`, 'm'));
  }
  series.ended(1.5);
  const ended = withFormerNames(await registry.metrics());
  assert.match(ended, /^inference_objective_running_requests\{.*\} 0$/m);
  assert.match(ended, /^inference_objective_request_duration_seconds_sum\{.*\} 1.5$/m);
  assert.match(ended, /^llm_d_epp_request_size_bytes_bucket\{le="1024",.*\} 1$/m);
});

test('a family under its former name is whole, and no other is touched', async () => {
  const registry = new Registry();
  new Gauge({ name: 'llm_d_epp_average_queue_size', help: 'llm_d_epp_average_queue_size and so on', registers: [registry] }).set(3);
  new Gauge({ name: 'llm_d_epp_average_queue_size_of_others', help: 'h', registers: [registry] }).set(4);
  const lines = withFormerNames(await registry.metrics()).trim().split('\n');
  assert.deepEqual(lines, [
    '# HELP llm_d_epp_average_queue_size llm_d_epp_average_queue_size and so on',
    '# TYPE llm_d_epp_average_queue_size gauge',
    'llm_d_epp_average_queue_size 3',
    '# HELP inference_pool_average_queue_size llm_d_epp_average_queue_size and so on',
    '# TYPE inference_pool_average_queue_size gauge',
    'inference_pool_average_queue_size 3',
    '# HELP llm_d_epp_average_queue_size_of_others h',
    '# TYPE llm_d_epp_average_queue_size_of_others gauge',
    'llm_d_epp_average_queue_size_of_others 4',
  ]);
});

test('clients that make up model names fill one series and not the memory', async () => {
  const registry = new Registry();
  const metrics = new RequestMetrics(registry);
  for (let i = 0; i < 3_000; i++) metrics.of({ ...request, model: `m${i}` }).started({ bodyBytes: 1, promptTokens: 1 });
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('llm_d_epp_request_total{'));
  assert.equal(lines.length, 1_001);
  assert.match(lines.find((line) => line.includes('model_name="other"')) ?? '', / 2000$/);
});
