import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { PoolPicks } from '../../../src/admin/picks.ts';
import { ask, seenBy, type Reply } from '../support/client.ts';
import { startEchoBackend, type EchoBackend } from '../support/echo-backend.ts';
import { route, standard } from '../support/manifests.ts';
import { eventually, freePort, Moongate } from '../support/moongate.ts';

const host = 'llm.test';

/** A pool without a picker of its own, whose servers are at these addresses, and a route to it. */
function pool(port: number, addresses: readonly string[]): string {
  return `apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: { name: llama }
spec:
  selector: { matchLabels: { app: llama } }
  targetPorts: [{ number: ${port} }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: llama, labels: { app: llama } }
addressType: IPv4
endpoints:
${addresses.map((address) => `  - addresses: ["${address}"]\n`).join('')}---
${route('llm', { host, rule: 'backendRefs: [{group: inference.networking.k8s.io, kind: InferencePool, name: llama}]' })}`;
}

function chat(content: string): string {
  return JSON.stringify({ model: 'llama', messages: [{ role: 'user', content }] });
}

suite('a pool without a picker gets ours', { timeout: 120_000 }, () => {
  let servers: EchoBackend[];
  let port: number;
  let moongate: Moongate;

  before(async () => {
    const first = await startEchoBackend('a');
    servers = [first, await startEchoBackend('b', { host: '127.0.0.2', port: first.port }), await startEchoBackend('c', { host: '127.0.0.3', port: first.port })];
    port = await freePort();
    moongate = await Moongate.create({
      'gatewayclass.yaml': standard('gatewayclass'),
      'gateway.yaml': standard('gateway', port),
      'pool.yaml': pool(first.port, ['127.0.0.1', '127.0.0.2', '127.0.0.3']),
    });
    await moongate.start();
  });

  after(async () => {
    await moongate[Symbol.asyncDispose]();
    for (const server of servers) await server.close();
  });

  const post = (body: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> =>
    ask(port, { host, path: '/v1/chat/completions', method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

  async function picks(): Promise<PoolPicks['picks']> {
    const [first] = JSON.parse((await moongate.admin('/api/v1/picks?limit=1000')).body) as PoolPicks[];
    return first?.picks ?? [];
  }

  test('which sends prompts that begin alike to one server, and others elsewhere', async () => {
    const beginnings = Array.from({ length: 40 }, (_, i) => `${i} `.repeat(1_000));
    const first: string[] = [];
    for (const beginning of beginnings) first.push(seenBy(await post(chat(`${beginning} first`))).backend);
    for (const [i, beginning] of beginnings.entries()) assert.equal(seenBy(await post(chat(`${beginning} again`))).backend, first[i]);
    // That chance leaves one of three out is less likely than one in a million.
    assert.deepEqual([...new Set(first)].toSorted(), ['a', 'b', 'c']);
  });

  test('which can be asked afterwards why', async () => {
    await post(chat('why?'), { 'x-request-id': 'ours' });
    // Envoy gives requests from outside ids of its own.
    const [last] = await picks();
    assert.equal(last?.model, 'llama');
    assert.equal(last.candidates.length, 3);
    assert.deepEqual(Object.keys(last.candidates[0]?.scores ?? {}).toSorted(), ['kv-cache-utilization-scorer', 'prefix-cache-scorer', 'queue-scorer']);
    assert.equal(last.picked.length, 3);
    await eventually('the outcome is known', async () => (await picks())[0]?.endedAfter !== undefined);
    const { body } = await moongate.admin('/picker/metrics');
    assert.match(body, /^llm_d_epp_request_total\{model_name="llama",.*\} \d+$/m);
    assert.match(body, /^inference_pool_ready_pods\{name="llama"\} 3$/m);
  });

  test('which answers what is no JSON with 400, in the shape of the API', async () => {
    const reply = await post('{"model": "llama", "messages": [');
    assert.equal(reply.status, 400);
    const { error } = JSON.parse(reply.body) as { readonly error: { readonly type: string; readonly message: string } };
    assert.equal(error.type, 'invalid_request_error');
  });

  test('which lets requests without a body through', async () => {
    const reply = await ask(port, { host, path: '/v1/models' });
    assert.equal(reply.status, 200);
  });

  test('whose headers stay between us', async () => {
    const { headers } = seenBy(await post(chat('hello'), { 'x-llm-d-inference-objective': 'gold', 'x-gateway-inference-fairness-id': 'me' }));
    assert.deepEqual(Object.keys(headers).map((name) => name.toLowerCase()).filter((name) => name.includes('inference')), []);
  });

  test('which replaces the model when it is told to', async () => {
    const reply = await post(chat('hello'), { 'x-llm-d-model-name-rewrite': 'llama-v2' });
    assert.equal(reply.status, 200);
    assert.equal(seenBy(reply).bodyLength, chat('hello').length + '-v2'.length);
  });

  test('which heeds objectives and rewrites of models', async () => {
    moongate.write('policies.yaml', `apiVersion: llm-d.ai/v1alpha2
kind: InferenceModelRewrite
metadata: { name: canary }
spec:
  poolRef: { name: llama }
  rules:
    - matches: [{ model: { value: chat } }]
      targets: [{ modelRewrite: llama-v3 }]
---
apiVersion: inference.networking.x-k8s.io/v1alpha2
kind: InferenceObjective
metadata: { name: gold }
spec: { priority: 10, poolRef: { name: llama } }
`);
    const body = JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: 'hello' }] });
    const headers = { 'x-llm-d-inference-objective': 'gold' };
    await eventually('the model is replaced', async () => seenBy(await post(body, headers)).bodyLength === body.length + 'llama-v3'.length - 'chat'.length);
    const { body: metrics } = await moongate.admin('/picker/metrics');
    assert.match(metrics, /^llm_d_epp_request_total\{model_name="chat",target_model_name="llama-v3",fairness_id="default-flow",priority="10"\} \d+$/m);
  });

  test('which goes round a server that is gone', async () => {
    await servers[1]?.close();
    for (let i = 0; i < 30; i++) assert.equal((await post(chat(`${i}`.repeat(2_000)))).status, 200);
    const first = servers[0];
    assert.ok(first);
    servers[1] = await startEchoBackend('b', { host: '127.0.0.2', port: first.port });
  });

  test('without which requests are answered, too, and which comes back', async () => {
    const pid = Number(JSON.parse((await moongate.admin('/api/v1/picker')).body).pid);
    let stop = false;
    const statuses: number[] = [];
    const load = (async () => {
      while (!stop) statuses.push((await post(chat('while it is away'))).status);
    })();
    process.kill(pid, 'SIGKILL');
    await eventually('another picker picks', async () => {
      const now = Number(JSON.parse((await moongate.admin('/api/v1/picker')).body).pid);
      return now !== pid && (await picks()).length > 0;
    });
    stop = true;
    await load;
    assert.deepEqual([...new Set(statuses)], [200]);
  });

  test('which leaves no request on its account', async () => {
    await eventually('nothing is under way', async () => /^llm_d_epp_inflight_requests\{name="llama"\} 0$/m.test((await moongate.admin('/picker/metrics')).body));
  });
});
