import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { priorityThenTimeEvictionOrderPolicy } from '../scheduling/plugins/eviction/priority-then-time-eviction-order-policy.ts';
import { sheddableEvictionFilter } from '../scheduling/plugins/eviction/sheddable-eviction-filter.ts';
import { made } from '../scheduling/plugins/testing.ts';
import { TestPool } from '../flow-control/testing.ts';
import { withFormerNames } from './aliases.ts';
import { FlowMetrics, type ObservedFlow } from './flow-metrics.ts';

function measured() {
  const registry = new Registry();
  const flows: ObservedFlow[] = [];
  const metrics = new FlowMetrics(registry, () => flows);
  const pool = new TestPool({
    each: 2, maxRequests: 10, defaultRequestTtlMs: 2000, band: { maxRequests: 4 }, listener: metrics.listener('pool'),
    eviction: { filter: made(sheddableEvictionFilter), order: made(priorityThenTimeEvictionOrderPolicy), graceMs: 10 },
  });
  flows.push({ pool: 'pool', control: pool.control });
  const lines = async () => (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#') && !/ (0|NaN)$/.test(line) && !line.includes('_bucket'));
  return { registry, pool, lines };
}

test('what waits, how full everything is, and what has become of requests', async () => {
  const { pool, lines, registry } = measured();
  pool.send('a', { priority: -1 });
  pool.send('b');
  pool.send('c', { fairnessId: 'x' });
  pool.send('d', { fairnessId: 'x' });
  pool.timers.advance(500);
  pool.end('a');
  assert.deepEqual((await lines()).map((line) => line.replace('llm_d_epp_flow_control_', '')).sort(), [
    'capacity_utilization_bytes{priority="0",inference_pool="pool"} 0.000001',
    'capacity_utilization_requests{priority="0",inference_pool="pool"} 0.25',
    'global_capacity_utilization_requests{inference_pool="pool"} 0.1',
    'pending_reclaim{inference_pool="pool"} 0.5',
    'pool_saturation{stage="decode",inference_pool="pool"} 1',
    'pool_saturation{stage="effective",inference_pool="pool"} 1',
    'queue_bytes{inference_pool="pool",priority="0",fairness_id="x",model_name="model",target_model_name="model"} 1000',
    'queue_size{inference_pool="pool",priority="0",fairness_id="x",model_name="model",target_model_name="model"} 1',
    'request_queue_duration_seconds_count{inference_pool="pool",priority="-1",fairness_id="default-flow",model_name="model",target_model_name="model",outcome="Dispatched"} 1',
    'request_queue_duration_seconds_count{inference_pool="pool",priority="0",fairness_id="default-flow",model_name="model",target_model_name="model",outcome="Dispatched"} 1',
    'request_queue_duration_seconds_count{inference_pool="pool",priority="0",fairness_id="x",model_name="model",target_model_name="model",outcome="Dispatched"} 1',
    'request_queue_duration_seconds_sum{inference_pool="pool",priority="0",fairness_id="x",model_name="model",target_model_name="model",outcome="Dispatched"} 0.5',
    'requests_total{outcome="Dispatched",priority="-1",inference_pool="pool"} 1',
    'requests_total{outcome="Dispatched",priority="0",inference_pool="pool"} 2',
    'revocation_confirmation_seconds_count{inference_pool="pool"} 1',
    'revocation_confirmation_seconds_sum{inference_pool="pool"} 0.5',
    'revocations_issued_total{priority="0",inference_pool="pool"} 1',
    'revocations_total{outcome="confirmed",inference_pool="pool"} 1',
  ]);
  assert.match(withFormerNames(await registry.metrics()), /^inference_extension_flow_control_queue_size\{.*\} 1$/m);
  pool.timers.advance(2000);
  assert.ok((await lines()).includes('llm_d_epp_flow_control_requests_total{outcome="EvictedTTL",priority="0",inference_pool="pool"} 1'));
});

test('clients that make up names fill one series and not the memory', async () => {
  const { pool, lines } = measured();
  pool.scale(0);
  for (let i = 0; i < 1500; i++) {
    pool.send(`r${i}`, { fairnessId: `f${i}` });
    pool.end(`r${i}`);
  }
  const counts = (await lines()).filter((line) => line.includes('queue_duration_seconds_count'));
  assert.equal(counts.length, 1001);
  assert.match(counts.find((line) => line.includes('"other"')) ?? '', / 500$/);
});
