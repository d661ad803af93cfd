import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { PoolPicks } from '../../../src/admin/picks.ts';
import { ask, seenBy } from '../support/client.ts';
import { startEchoBackend, type EchoBackend } from '../support/echo-backend.ts';
import { handbook, route, standard } from '../support/manifests.ts';
import { eventually, freePort, Moongate } from '../support/moongate.ts';

const host = 'llm.test';

/** A server of the handbook's pool, which nobody runs here. */
function server(name: string, address: string, labels: string): string {
  return `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}, labels: { moongate.dev/inference-pool: llama2-pool, ${labels} } }
addressType: IPv4
endpoints: [{ addresses: ["${address}"] }]
---
`;
}

suite('the pool and the model of the handbook', { timeout: 120_000 }, () => {
  let servers: EchoBackend[];
  let port: number;
  let moongate: Moongate;

  before(async () => {
    // The pool says no port, so it is that of its container, which says none either.
    const at = { port: 8000 };
    servers = [await startEchoBackend('stable', { host: '127.0.0.21', ...at }), await startEchoBackend('stable-2', { host: '127.0.0.22', ...at }), await startEchoBackend('canary', { host: '127.0.0.23', ...at })];
    port = await freePort();
    moongate = await Moongate.create({
      'gatewayclass.yaml': standard('gatewayclass'),
      'gateway.yaml': standard('gateway', port),
      'pool.yaml': handbook('inference-pool'),
      'model.yaml': handbook('inference-model'),
      'route.yaml': route('llm', { host, rule: 'backendRefs: [{group: gateway.networking.x-k8s.io, kind: InferencePool, name: llama2-pool}]' }),
      'servers.yaml': `${server('a', '127.0.0.21', 'version: stable')}${server('b', '127.0.0.22', 'version: stable')}${server('c', '127.0.0.23', 'version: canary')}`,
    });
    await moongate.start();
  });

  after(async () => {
    await moongate[Symbol.asyncDispose]();
    for (const one of servers) await one.close();
  });

  const asked = async (model: string, content: string): Promise<string> =>
    seenBy(await ask(port, { host, path: '/v1/chat/completions', method: 'POST', body: JSON.stringify({ model, messages: [{ role: 'user', content }] }), headers: { 'content-type': 'application/json' } })).backend;

  test('split the requests for the model 90 to 10 over its versions, and those for others over all servers', async () => {
    await eventually('the picker picks', async () => {
      await asked('llama2-7b', 'hello');
      const [pool] = JSON.parse((await moongate.admin('/api/v1/picks')).body) as PoolPicks[];
      return (pool?.picks.length ?? 0) > 0;
    });
    const counts: Record<string, number> = {};
    for (let i = 0; i < 1_000; i++) {
      const backend = await asked('llama2-7b', `question ${i}`);
      counts[backend] = (counts[backend] ?? 0) + 1;
    }
    const { stable = 0, 'stable-2': second = 0, canary = 0 } = counts;
    assert.ok(canary > 60 && canary < 140, `canary got ${canary} of 1,000`);
    assert.ok(stable > 300 && second > 300, `the stable ones got ${stable} and ${second}`);
    const others = new Set<string>();
    for (let i = 0; i < 100; i++) others.add(await asked('another', `question ${i}`));
    assert.equal(others.size, 3);
  });

  test('give them a high priority', async () => {
    const { body } = await moongate.admin('/picker/metrics');
    assert.match(body, /^llm_d_epp_request_total\{model_name="llama2-7b",.*priority="100"\} \d+$/m);
    assert.match(body, /^llm_d_epp_request_total\{model_name="another",.*priority="0"\} \d+$/m);
  });
});
