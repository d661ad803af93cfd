import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { until } from './envoy.ts';
import { ask, seenBy } from './support/client.ts';
import { serviceApp, sliceOf, startCoreGateway, type CoreGateway } from './support/core-gateway.ts';
import { startEchoBackend, type EchoBackend } from './support/echo-backend.ts';

const namespace = 'default';

suite('objects other than Services lead to their servers', { timeout: 60_000 }, () => {
  let gateway: CoreGateway;
  let here: EchoBackend;
  let elsewhere: EchoBackend;

  before(async () => {
    [here, elsewhere] = await Promise.all([startEchoBackend('here'), startEchoBackend('elsewhere')]);
    gateway = await startCoreGateway();
    gateway.apply(serviceApp(), sliceOf('here', here.port));
  });

  after(async () => {
    await gateway.close();
    await Promise.all([here.close(), elsewhere.close()]);
  });

  /** A route that names another backend, and a slice with a label that gives that a server. */
  function serve(host: string, ref: object, label: string): void {
    const slice = { metadata: { name: host, namespace, labels: { [label]: 'app' } }, addressType: 'IPv4', ports: [{ port: elsewhere.port }], endpoints: [{ addresses: ['127.0.0.1'] }] };
    const route = { metadata: { name: host, namespace }, spec: { parentRefs: [{ name: 'web' }], hostnames: [host], rules: [{ backendRefs: [ref] }] } };
    gateway.apply(['EndpointSlice', slice], ['HTTPRoute', route]);
  }

  async function untilServed(host: string): Promise<void> {
    // Until then the route that takes every host answers.
    await until(`${host} is served`, async () => seenBy(await ask(gateway.port, { host })).backend === 'elsewhere');
    assert.equal(seenBy(await ask(gateway.port)).backend, 'here', 'the Service of the same name is another');
  }

  test('a ServiceImport to those of other clusters', () =>
    gateway.withEnvoy({}, async () => {
      gateway.apply(['ServiceImport', { metadata: { name: 'app', namespace }, spec: { type: 'ClusterSetIP', ports: [{ port: 80 }] } }]);
      serve('import.test', { group: 'multicluster.x-k8s.io', kind: 'ServiceImport', name: 'app', port: 80 }, 'multicluster.kubernetes.io/service-name');
      await untilServed('import.test');
    }));

  test('an XBackend to those that it selects', () =>
    gateway.withEnvoy({}, async () => {
      const spec = { type: 'EndpointSelector', endpointSelector: { matchLabels: { app: 'a' } }, port: { number: elsewhere.port } };
      gateway.apply(['XBackend', { metadata: { name: 'app', namespace }, spec }]);
      serve('selected.test', { group: 'gateway.networking.x-k8s.io', kind: 'XBackend', name: 'app' }, 'moongate.dev/xbackend');
      await untilServed('selected.test');
    }));
});
