import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { statusView } from '../../../src/app/views.ts';
import { freePort, until } from '../envoy.ts';
import { selfSigned } from '../support/certificate.ts';
import { ask, seenBy } from '../support/client.ts';
import { startEchoBackend, type EchoBackend } from '../support/echo-backend.ts';
import { startPicker, type TestPicker } from '../support/endpoint-picker.ts';
import { startObjectsGateway, type GivenObject, type ObjectsGateway } from '../support/objects-gateway.ts';

/** Objects in, requests out: an InferencePool whose picker speaks TLS with a certificate that it signed itself. */

const namespace = 'default';
const meta = (name: string, more: object = {}) => ({ metadata: { name, namespace, ...more } });

suite('an InferencePool', { timeout: 120_000 }, () => {
  let servers: EchoBackend[];
  let picker: TestPicker;
  let gateway: ObjectsGateway;
  let port: number;
  let chosen = '';
  const { chain, privateKey } = selfSigned('picker');
  const credentials = grpc.ServerCredentials.createSsl(null, [{ cert_chain: Buffer.from(chain), private_key: Buffer.from(privateKey) }]);

  const pool = (failureMode: 'FailOpen' | 'FailClose', name = 'epp'): GivenObject => ['InferencePool', {
    ...meta('models'),
    spec: { selector: { matchLabels: { app: 'models' } }, targetPorts: [{ number: servers[0]?.port }], endpointPickerRef: { name, port: { number: 9002 }, failureMode } },
  }];

  before(async () => {
    const first = await startEchoBackend('a');
    // Pods have one port, and addresses of their own.
    servers = [first, await startEchoBackend('b', { host: '127.0.0.2', port: first.port }), await startEchoBackend('c', { host: '127.0.0.3', port: first.port })];
    picker = await startPicker('standard', () => ({ endpoints: [`${chosen}:${first.port}`] }), { credentials });
    port = await freePort();
    gateway = await startObjectsGateway(
      ['Gateway', { ...meta('gw'), spec: { gatewayClassName: 'c', listeners: [{ name: 'http', port, protocol: 'HTTP' }] } }],
      ['EndpointSlice', { ...meta('models', { labels: { app: 'models' } }), addressType: 'IPv4', endpoints: [{ addresses: ['127.0.0.1'] }, { addresses: ['127.0.0.2'] }, { addresses: ['127.0.0.3'] }] }],
      ['Service', { ...meta('epp'), spec: { ports: [{ port: 9002 }] } }],
      ['EndpointSlice', { ...meta('epp', { labels: { 'kubernetes.io/service-name': 'epp' } }), addressType: 'IPv4', ports: [{ port: picker.port }], endpoints: [{ addresses: ['127.0.0.1'] }] }],
      pool('FailClose'),
      ['HTTPRoute', { ...meta('chat'), spec: { parentRefs: [{ name: 'gw' }], rules: [{ backendRefs: [{ group: 'inference.networking.k8s.io', kind: 'InferencePool', name: 'models' }] }] } }],
    );
    chosen = '127.0.0.1';
    await until('Envoy answers', async () => (await ask(port)).status === 200);
  });

  after(async () => {
    await gateway.close();
    for (const one of [picker, ...servers]) await one.close();
  });

  test('has its requests go where its picker says', async () => {
    for (const [address, name] of [['127.0.0.1', 'a'], ['127.0.0.2', 'b'], ['127.0.0.3', 'c']] as const) {
      chosen = address;
      const { backend, bodyLength } = seenBy(await ask(port, { method: 'POST', body: 'x'.repeat(100_000) }));
      assert.deepEqual([backend, bodyLength], [name, 100_000]);
    }
  });

  test('whose picker is gone answers nothing, or as it may', async () => {
    gateway.apply(pool('FailClose', 'nobody'));
    await until('it fails closed', async () => (await ask(port)).status === 503);
    assert.match(JSON.stringify(statusView(gateway.core.plane)['InferencePool/default/models']), /"ResolvedRefs","status":"False","reason":"InvalidExtensionRef"/);
    gateway.apply(pool('FailOpen', 'nobody'));
    await until('it fails open', async () => (await ask(port, { method: 'POST', body: 'x' })).status === 200);
    gateway.apply(pool('FailOpen'));
    chosen = '127.0.0.3';
    const calls = picker.calls.length;
    await until('the picker is asked again', async () => seenBy(await ask(port)).backend === 'c' && picker.calls.length > calls);
  });

  test('that is gone answers 500', async () => {
    gateway.remove('InferencePool', 'default/models');
    await until('nobody is there', async () => (await ask(port)).status === 500);
    gateway.apply(pool('FailClose'));
    await until('it is back', async () => (await ask(port)).status === 200);
  });
});
