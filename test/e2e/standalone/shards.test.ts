import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ask } from '../support/client.ts';
import { startEchoBackend } from '../support/echo-backend.ts';
import { Load } from '../support/load.ts';
import { route, service, standard } from '../support/manifests.ts';
import { eventually, freePort, Moongate } from '../support/moongate.ts';
import { shardThreshold } from '../../../src/xds/resources/shards.ts';

/** Routes with a host each. */
function routes(count: number): string {
  const rule = 'backendRefs: [{name: backend, port: 3000}]';
  return Array.from({ length: count }, (_, i) => route(`r${i}`, { host: `h${i}.example.com`, rule })).join('---\n');
}

suite('a table of routes that is cut into shards, and made whole again', { timeout: 120_000 }, () => {
  test('answers every request on the way, on kept and on new connections', async () => {
    await using stack = new AsyncDisposableStack();
    const backend = await startEchoBackend('backend');
    stack.defer(() => backend.close());
    const port = await freePort();
    const moongate = await Moongate.create({
      'gatewayclass.yaml': standard('gatewayclass'),
      'gateway.yaml': standard('gateway', port),
      'services.yaml': service('backend', backend.port),
      'routes.yaml': routes(shardThreshold - 20),
    });
    stack.use(moongate);
    await moongate.start();
    const hosts = Array.from({ length: 100 }, (_, i) => `h${i * 7}.example.com`);
    await using kept = new Load({ port, hosts, path: '/get', perSecond: 200 });
    await using fresh = new Load({ port, hosts, path: '/get', perSecond: 200, keepAlive: false });
    for (const count of [shardThreshold + 20, shardThreshold - 20, shardThreshold + 20]) {
      moongate.write('routes.yaml', routes(count));
      const last = `h${Math.max(count, shardThreshold + 20) - 1}.example.com`;
      const expected = count > shardThreshold ? 200 : 404;
      await eventually(`${count} routes are live`, async () => (await ask(port, { host: last })).status === expected);
      const sent = fresh.requests;
      await eventually('the load went on for a while', () => fresh.requests > sent + 400);
    }
    for (const load of [kept, fresh]) {
      const { requests, outcomes } = await load.stop();
      assert.deepEqual(outcomes, { 200: requests });
    }
  });
});
