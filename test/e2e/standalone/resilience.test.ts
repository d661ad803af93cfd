import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ask, seenBy } from '../support/client.ts';
import { startEchoBackend, type EchoBackend } from '../support/echo-backend.ts';
import { Load } from '../support/load.ts';
import { route, service, standard } from '../support/manifests.ts';
import { eventually, freePort, Moongate } from '../support/moongate.ts';

const host = 'www.example.com';
const stable = 'stable.example.com';

/** A running gateway with two backends and two routes, one of which the test changes. */
async function gateway(stack: AsyncDisposableStack): Promise<{ moongate: Moongate; port: number; backends: readonly EchoBackend[] }> {
  const backends = await Promise.all(['backend', 'backend-2'].map((name) => startEchoBackend(name)));
  for (const backend of backends) stack.defer(() => backend.close());
  const port = await freePort();
  const moongate = await Moongate.create({
    'gatewayclass.yaml': standard('gatewayclass'),
    'gateway.yaml': standard('gateway', port),
    'services.yaml': backends.map((backend) => service(backend.name, backend.port)).join('---\n'),
    'httproute.yaml': route('backend', { host, rule: to('backend', 'first') }),
    'stable.yaml': route('stable', { host: stable, rule: to('backend-2', 'stable') }),
  });
  stack.use(moongate);
  await moongate.start();
  return { moongate, port, backends };
}

/** A rule that sends everything to one Service and says so in a request header. */
function to(name: string, mark: string): string {
  return `filters:
- type: RequestHeaderModifier
  requestHeaderModifier:
    set:
      - name: x-mark
        value: ${mark}
backendRefs:
  - name: ${name}
    port: 3000`;
}

async function mark(port: number): Promise<unknown> {
  return seenBy(await ask(port, { host, path: '/get' })).headers['x-mark'];
}

suite('the gateway goes on', { timeout: 180_000 }, () => {
  test('while a route changes every 200 ms under load: no request fails', async () => {
    await using stack = new AsyncDisposableStack();
    const { moongate, port } = await gateway(stack);
    await using load = new Load({ port, hosts: [host, stable], path: '/get', perSecond: 500 });
    for (let round = 0; round < 20; round++) {
      moongate.write('httproute.yaml', route('backend', { host, rule: to(round % 2 === 0 ? 'backend-2' : 'backend', `round-${round}`) }));
      await eventually(`round ${round} is live`, async () => (await mark(port)) === `round-${round}`);
    }
    const { requests, outcomes } = await load.stop();
    assert.deepEqual(outcomes, { 200: requests });
  });

  test('while routes with Services of their own come and go under load: nothing but 404 before, 200 after', async () => {
    await using stack = new AsyncDisposableStack();
    const { moongate, port, backends } = await gateway(stack);
    await using load = new Load({ port, hosts: [host, stable], path: '/get', perSecond: 300 });
    for (let round = 0; round < 10; round++) {
      const name = `new-${round}`;
      const seen = new Set<number>();
      moongate.write('new.yaml', [
        service(name, backends[0]?.port ?? 0),
        route(name, { host: `${name}.example.com`, rule: to(name, name) }),
      ].join('---\n'));
      await eventually(`${name} answers`, async () => {
        const { status } = await ask(port, { host: `${name}.example.com` });
        seen.add(status);
        return status === 200;
      });
      assert.deepEqual([...seen].filter((status) => status !== 404 && status !== 200), []);
    }
    const { requests, outcomes } = await load.stop();
    assert.deepEqual(outcomes, { 200: requests });
  });

  test('without its control plane, and sends nothing anew when that comes back with the same files', async () => {
    await using stack = new AsyncDisposableStack();
    const { moongate, port } = await gateway(stack);
    const before = await moongate.envoys();
    await using load = new Load({ port, hosts: [host, stable], path: '/get', perSecond: 300 });
    await moongate.kill();
    const sent = load.requests;
    await eventually('the load went on without a control plane', () => load.requests > sent + 150);
    await moongate.start();
    assert.deepEqual(await moongate.envoys(), before);
    const { body } = await moongate.admin('/metrics');
    assert.match(body, /^moongate_xds_streams 1$/m);
    assert.match(body, /^moongate_xds_pushes_total 0$/m);
    await eventually('the Gateway is programmed, as before', async () => {
      const conditions = (await moongate.statusOf('Gateway', 'ack-gateway'))?.conditions;
      return conditions?.some(({ type, status }) => type === 'Programmed' && status === 'True');
    });
    moongate.write('httproute.yaml', route('backend', { host, rule: to('backend-2', 'after') }));
    await eventually('changes take effect again', async () => (await mark(port)) === 'after');
    const { requests, outcomes } = await load.stop();
    assert.deepEqual(outcomes, { 200: requests });
  });

  test('with files that changed while the control plane was away', async () => {
    await using stack = new AsyncDisposableStack();
    const { moongate, port } = await gateway(stack);
    await using load = new Load({ port, hosts: [stable], path: '/get', perSecond: 200 });
    await moongate.kill();
    moongate.write('httproute.yaml', route('backend', { host, rule: to('backend-2', 'meanwhile') }));
    await moongate.start();
    await eventually('the change is live', async () => (await mark(port)) === 'meanwhile');
    const { requests, outcomes } = await load.stop();
    assert.deepEqual(outcomes, { 200: requests });
  });

  test('after its Envoy was killed', async () => {
    await using stack = new AsyncDisposableStack();
    const { moongate, port } = await gateway(stack);
    const [pid] = [...(await moongate.envoys()).values()];
    assert.ok(pid !== undefined);
    process.kill(pid, 'SIGKILL');
    await eventually('another Envoy answers', async () => {
      const [other] = [...(await moongate.envoys()).values()];
      return other !== undefined && other !== pid && (await mark(port)) === 'first';
    });
  });

  test('beside another instance, each with its own Envoy', async () => {
    await using stack = new AsyncDisposableStack();
    const one = await gateway(stack);
    const two = await gateway(stack);
    two.moongate.write('httproute.yaml', route('backend', { host, rule: to('backend', 'second') }));
    await eventually('the second changes', async () => (await mark(two.port)) === 'second');
    assert.equal(await mark(one.port), 'first');
    assert.equal(await two.moongate.stop(), 0);
    assert.equal(await mark(one.port), 'first');
  });

  test('until it is told to stop: requests under way are finished, and nothing is left', async () => {
    await using stack = new AsyncDisposableStack();
    const { moongate, port } = await gateway(stack);
    const [pid] = [...(await moongate.envoys()).values()];
    const slow = ask(port, { host, path: '/?delay=1000' });
    await eventually('the slow request is under way', async () => (await ask(port, { host: stable })).status === 200);
    assert.equal(await moongate.stop(), 0);
    assert.equal((await slow).status, 200);
    assert.throws(() => process.kill(pid ?? 0, 0), { code: 'ESRCH' });
  });
});
