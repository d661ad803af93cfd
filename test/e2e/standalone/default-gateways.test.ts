import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ask } from '../support/client.ts';
import { startEchoBackend } from '../support/echo-backend.ts';
import { service, standard } from '../support/manifests.ts';
import { eventually, freePort, Moongate } from '../support/moongate.ts';

function gateway(name: string, port: number, scope: 'All' | 'None'): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: ${name}}
spec:
  gatewayClassName: ack-gateway
  defaultScope: ${scope}
  listeners: [{name: http, port: ${port}, protocol: HTTP}]
`;
}

const route = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: app}
spec:
  useDefaultGateways: All
  rules: [{backendRefs: [{name: backend, port: 3000}]}]
`;

suite('default Gateways', { timeout: 120_000 }, () => {
  test('take routes that name nobody, and let go of them when they are none any more', async () => {
    await using stack = new AsyncDisposableStack();
    const backend = await startEchoBackend('backend');
    stack.defer(() => backend.close());
    const [old, young] = [await freePort(), await freePort()];
    const moongate = await Moongate.create({
      'gatewayclass.yaml': standard('gatewayclass'),
      'old.yaml': gateway('old', old, 'All'),
      'young.yaml': gateway('young', young, 'None'),
      'service.yaml': service('backend', backend.port),
      'route.yaml': route,
    });
    stack.use(moongate);
    await moongate.start();
    const answers = async () => [(await ask(old)).status, (await ask(young)).status].join(' ');
    await eventually('the default Gateway has the route', async () => (await answers()) === '200 404');

    moongate.write('young.yaml', gateway('young', young, 'All'));
    await eventually('so have both', async () => (await answers()) === '200 200');
    assert.equal((await moongate.statusOf('HTTPRoute', 'app'))?.parents?.length, 2);

    moongate.write('old.yaml', gateway('old', old, 'None'));
    await eventually('the other one alone has it', async () => (await answers()) === '404 200');
    assert.equal((await moongate.statusOf('Gateway', 'old'))?.conditions?.some(({ type }) => type === 'DefaultGateway'), false);
  });
});
