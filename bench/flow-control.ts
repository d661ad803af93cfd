/**
 * What flow control costs: `node bench/flow-control.ts [--requests N] [--flows N] [--endpoints N]`. The pool is full while requests come, of all flows in
 * turn; then one of those that run ends after the other, and the next is dispatched and placed. Last, requests that come to an idle pool, are
 * placed and end. Prints microseconds and bytes for each request.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { readConfig } from '../src/epp/config/read-config.ts';
import { Endpoint, noMetrics } from '../src/epp/endpoints/endpoint.ts';
import type { Ticket, Waiter } from '../src/epp/flow-control/admission.ts';
import { buildEntrance } from '../src/epp/flow-control/build.ts';
import { buildScheduling } from '../src/epp/scheduling/build.ts';
import { testRequest } from '../src/epp/testing.ts';

const { values: args } = parseArgs({ options: { requests: { type: 'string', default: '100000' }, flows: { type: 'string', default: '10000' }, endpoints: { type: 'string', default: '100' } } });
const [requests, flows, servers] = [Number(args.requests), Number(args.flows), Number(args.endpoints)];

const endpoints = Array.from({ length: servers }, (_, slot) => new Endpoint({ slot, name: `default/pod-${slot}-rank-0`, pod: `default/pod-${slot}`, ip: `10.0.0.${slot}`, port: 8000, labels: {} }));

class Client implements Waiter {
  ticket: Ticket | undefined;
  readonly #onTurn: (client: Client) => void;

  constructor(onTurn: (client: Client) => void) {
    this.#onTurn = onTurn;
  }

  dispatched(): void {
    this.#onTurn(this);
  }

  rejected(): void {
    throw new Error('nobody is rejected here');
  }

  evicted(): void {}
}

function measure(fairness: string, ordering: string, detector: string): void {
  for (const endpoint of endpoints) {
    endpoint.metrics = { ...noMetrics, at: 0, running: 10 };
    endpoint.inFlight = 0;
  }
  const { config } = readConfig(
    JSON.stringify({
      apiVersion: 'llm-d.ai/v1alpha1',
      kind: 'EndpointPickerConfig',
      featureGates: ['flowControl'],
      plugins: [{ type: 'queue-scorer' }],
      flowControl: { saturationDetector: { pluginRef: detector }, defaultPriorityBand: { maxRequests: 1e9, maxBytes: 1e12, fairnessPolicyRef: fairness, orderingPolicyRef: ordering } },
    }),
    { allowExperimentalPlugins: true },
  );
  if (config === undefined) throw new Error('the configuration is wrong');
  const scheduling = buildScheduling(config, { random: Math.random, prefixIndex: () => ({ match: () => ({ totalBlocks: 0, blockTokens: 64, matchedBlocks: () => 0 }), add() {}, removeEndpoint() {} }), sleep: () => new Promise(() => {}) });
  const entrance = buildEntrance(config, scheduling, { endpoints: () => endpoints, scrapeMs: 50 });
  const running: { readonly client: Client; readonly server: Endpoint }[] = [];
  let next = 0;
  const place = (client: Client) => {
    const server = endpoints[next++ % servers] as Endpoint;
    server.inFlight++;
    running.push({ client, server });
    client.ticket?.placed();
  };
  const end = () => {
    const { client, server } = running.shift() as (typeof running)[number];
    server.inFlight--;
    client.ticket?.end();
  };
  const send = (i: number) => {
    const client = new Client(place);
    const admission = entrance.admit(testRequest({ fairnessId: `flow-${i % flows}`, promptTokens: 100 + (i % 700), headers: { 'x-slo-ttft-ms': String(1 + ((i * 7919) % 30_000)) } }), endpoints, client);
    if (admission.kind === 'rejected') throw new Error(admission.message);
    client.ticket = admission.ticket;
    if (admission.kind === 'dispatched') place(client);
    return admission.kind;
  };
  let idle = 0;
  while (send(idle) === 'dispatched') idle++;
  const perRequest = (begin: number, count: number) => `${(((performance.now() - begin) * 1000) / count).toFixed(2)} µs`;
  const heap = process.memoryUsage().heapUsed;
  let begin = performance.now();
  for (let i = 0; i < requests; i++) send(i);
  const enqueue = perRequest(begin, requests);
  const bytes = Math.round((process.memoryUsage().heapUsed - heap) / requests);
  begin = performance.now();
  const ends = Math.min(requests, 20_000);
  for (let i = 0; i < ends; i++) end();
  const dispatch = perRequest(begin, ends);
  while (running.length > 0) end();
  begin = performance.now();
  for (let i = 0; i < ends; i++) {
    send(i);
    end();
  }
  console.log(`${fairness.padEnd(30)} ${ordering.padEnd(29)} ${detector.padEnd(21)} enqueue ${enqueue.padStart(9)} (${bytes} bytes)  end + dispatch ${dispatch.padStart(9)}  straight through ${perRequest(begin, ends).padStart(9)}`);
}

console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, ${requests} requests of ${flows} flows, ${servers} servers`);
for (const detector of ['utilization-detector', 'concurrency-detector']) {
  for (const [fairness, ordering] of [
    ['global-strict-fairness-policy', 'fcfs-ordering-policy'],
    ['global-strict-fairness-policy', 'slo-deadline-ordering-policy'],
    ['round-robin-fairness-policy', 'fcfs-ordering-policy'],
    ['round-robin-fairness-policy', 'slo-deadline-ordering-policy'],
    ['program-aware-fairness', 'fcfs-ordering-policy'],
  ] as const) measure(fairness, ordering, detector);
}
