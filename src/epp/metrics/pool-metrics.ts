import { Gauge, type Registry } from 'prom-client';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { Pool } from '../pool.ts';

/** Looked at when somebody asks for metrics. */
type Pools = () => readonly Pool[];

const ofPools: readonly { readonly name: string; readonly help: string; readonly value: (endpoints: readonly Endpoint[], pool: Pool) => number }[] = [
  { name: 'ready_endpoints', help: 'Servers that requests may be sent to.', value: (endpoints) => endpoints.length },
  { name: 'average_queue_size', help: 'Requests that wait at a server, on average.', value: (endpoints) => mean(endpoints, ({ metrics }) => metrics.waiting) },
  { name: 'average_running_requests', help: 'Requests that run at a server, on average.', value: (endpoints) => mean(endpoints, ({ metrics }) => metrics.running) },
  { name: 'average_kv_cache_utilization', help: 'Used share of the KV caches, on average.', value: (endpoints) => mean(endpoints, ({ metrics }) => metrics.kvCacheUsage) },
  { name: 'std_dev_queue_size', help: 'Standard deviation of requests that wait at a server.', value: (endpoints) => deviation(endpoints, ({ metrics }) => metrics.waiting) },
  { name: 'std_dev_running_requests', help: 'Standard deviation of requests that run at a server.', value: (endpoints) => deviation(endpoints, ({ metrics }) => metrics.running) },
  { name: 'std_dev_kv_cache_utilization', help: 'Standard deviation of the used share of the KV caches.', value: (endpoints) => deviation(endpoints, ({ metrics }) => metrics.kvCacheUsage) },
  { name: 'inflight_requests', help: 'Requests that were sent to servers and are not answered to their end.', value: (endpoints) => sum(endpoints, ({ inFlight }) => inFlight) },
  { name: 'inflight_tokens', help: 'Tokens of prompts on their way that servers have to read.', value: (endpoints) => sum(endpoints, ({ inFlightTokens }) => inFlightTokens) },
  { name: 'prefix_indexer_size', help: 'Blocks of prompts that are remembered.', value: (_endpoints, { indexes }) => indexes.reduce((total, { size }) => total + size, 0) },
  { name: 'prefix_indexer_bytes', help: 'Bytes of memory for them.', value: (_endpoints, { indexes }) => indexes.reduce((total, { bytes }) => total + bytes, 0) },
  { name: 'avoided_endpoints', help: 'Servers that could not be reached and get no requests for the time being.', value: (_endpoints, pool) => pool.avoided },
];

/** Registers what is to be seen of pools. */
export function registerPoolMetrics(registry: Registry, pools: Pools): void {
  const registers = [registry];
  for (const { name, help, value } of ofPools) {
    new Gauge({
      name: `llm_d_epp_${name}`,
      help,
      labelNames: ['name'],
      registers,
      collect() {
        this.reset();
        for (const pool of pools()) this.set({ name: pool.name }, value(pool.endpoints.all, pool));
      },
    });
  }
  new Gauge({
    name: 'llm_d_epp_per_endpoint_queue_size',
    help: 'Requests that wait at a server.',
    labelNames: ['name', 'model_server_endpoint'],
    registers,
    collect() {
      this.reset();
      for (const pool of pools()) for (const { name, metrics } of pool.endpoints.all) this.set({ name: pool.name, model_server_endpoint: name }, metrics.waiting);
    },
  });
}

function sum(endpoints: readonly Endpoint[], of: (endpoint: Endpoint) => number): number {
  return endpoints.reduce((total, endpoint) => total + of(endpoint), 0);
}

/** Of no endpoints: 0. */
function mean(endpoints: readonly Endpoint[], of: (endpoint: Endpoint) => number): number {
  return endpoints.length === 0 ? 0 : sum(endpoints, of) / endpoints.length;
}

function deviation(endpoints: readonly Endpoint[], of: (endpoint: Endpoint) => number): number {
  const middle = mean(endpoints, of);
  return Math.sqrt(mean(endpoints, (endpoint) => (of(endpoint) - middle) ** 2));
}
