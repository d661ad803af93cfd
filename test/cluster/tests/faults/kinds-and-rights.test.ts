import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { selfSigned } from '../../../e2e/support/certificate.ts';
import { eventually } from '../../lifetime/eventually.ts';
import { ask } from '../support/client.ts';
import { isTrue } from '../support/conditions.ts';
import type { Condition, GatewayStatus, RouteStatus } from '../support/conditions.ts';
import { controllers, metric, namespace, podsOf, signalPod } from '../support/pods.ts';
import { deny } from '../support/rights.ts';
import { Rival } from '../support/rival.ts';
import { gatewayPath, route, routesPath } from '../support/routes.ts';
import { assertNothingLost, limit, stableHost, TestGateway, untilServed } from '../support/test-gateway.ts';

const crdsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const backends = 'backends.gateway.envoyproxy.io';
const crdFile = join(import.meta.dirname, '../../../../charts/moongate/charts/crds/crds', `${backends}.yaml`);
/** How many routes attach while somebody else writes all the time. */
const crowd = 50;

describe('no request is lost', { timeout: 400_000 }, () => {
  let gateway: TestGateway;

  before(async () => {
    gateway = await TestGateway.start();
  });

  after(() => gateway?.[Symbol.asyncDispose]());

  const gatewayStatus = async (): Promise<GatewayStatus> => (await gateway.cluster.controlPlane.client.send<{ status: GatewayStatus }>(gatewayPath)).status;

  /** Ends the watches that it has: what a watch may see is asked when it begins. */
  async function restartController(): Promise<void> {
    const [pod] = await podsOf(gateway.cluster, controllers);
    assert.ok(pod);
    signalPod(pod, 'node', 'SIGKILL');
    await eventually('the control plane was started again and is ready', async () => {
      const { status } = await gateway.cluster.controlPlane.client.send<{ status: { containerStatuses: readonly { ready: boolean; restartCount: number; containerID: string }[] } }>(`/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}`);
      return status.containerStatuses.every(({ ready, restartCount }) => ready && restartCount > restarts);
    }, { limit });
    restarts++;
  }
  let restarts = 0;

  test('when an optional kind goes and comes back: objects that are made afterwards are seen', async () => {
    const { cluster } = gateway;
    const { client } = cluster.controlPlane;
    const [pod] = (await client.send<{ items: readonly { status: { podIP: string } }[] }>('/api/v1/namespaces/default/pods?labelSelector=app%3Dbackend')).items;
    assert.ok(pod);
    const backend = { apiVersion: 'gateway.envoyproxy.io/v1alpha1', kind: 'Backend', metadata: { name: 'by-address', namespace: 'default' }, spec: { endpoints: [{ ip: { address: pod.status.podIP, port: 3000 } }] } };
    const viaBackend = route({ name: 'via-backend', host: 'via-backend.example.com', mark: 'via-backend', backend: { group: 'gateway.envoyproxy.io', kind: 'Backend', name: 'by-address' } });
    await using load = gateway.load();
    await cluster.apply([backend, viaBackend]);
    await gateway.untilMarked('via-backend.example.com', 'via-backend');

    await client.send(`${crdsPath}/${backends}`, { method: 'DELETE' });
    await eventually('requests for what is gone are answered with 500', async () => (await gateway.status('via-backend.example.com')) === 500, { limit });
    await gateway.change('without-the-kind');

    await cluster.kubectl(['apply', '--server-side', '-f', '-'], { input: await readFile(crdFile, 'utf8') });
    await cluster.kubectl(['wait', '--for=condition=Established', `crd/${backends}`, '--timeout=60s']);
    await eventually('an object of the kind is made', async () => {
      await cluster.apply([backend]);
      return true;
    }, { limit });
    await gateway.untilMarked('via-backend.example.com', 'via-backend');
    await untilServed(load);
    await assertNothingLost(load);
  });

  test('when every write of a status meets a conflict: routes attach all the same, and what others wrote stays', async () => {
    const { cluster } = gateway;
    const { client } = cluster.controlPlane;
    const names = Array.from({ length: crowd }, (_, index) => `crowd-${index}`);
    const before = await gatewayStatus();
    const [pod] = await podsOf(cluster, controllers);
    assert.ok(pod);
    const foreign: Condition = { type: 'example.com/Audited', status: 'True', reason: 'Audited', message: 'by somebody else' };
    await client.send(`${gatewayPath}/status`, { method: 'PATCH', contentType: 'application/json-patch+json', body: [{ op: 'add', path: '/status/conditions/-', value: { ...foreign, lastTransitionTime: '2026-01-01T00:00:00Z' } }] });
    await using load = gateway.load();
    await cluster.apply(names.map((name) => route({ name, host: `${name}.example.com`, mark: name })));
    await using rivals = new AsyncDisposableStack();
    // The Gateway is written several times while our write is under way.
    const all = [names.map((name) => `${routesPath}/${name}`), [gatewayPath], [gatewayPath]].map((paths) => rivals.use(new Rival(cluster, paths)));
    await cluster.apply(names.map((name) => route({ name: `late-${name}`, host: `late-${name}.example.com`, mark: name })));
    for (const name of names) await gateway.untilAccepted(`late-${name}`);
    const attached = (status: GatewayStatus): number => status.listeners?.[0]?.attachedRoutes ?? 0;
    await eventually('the Gateway counts all routes', async () => attached(await gatewayStatus()) === attached(before) + 2 * crowd, { limit: 2 * limit });
    for (const { writes } of all) assert.ok(writes > crowd, `${writes} writes of a rival are too few`);
    assert.ok((await metric(pod, 'moongate_status_writes_total', 'outcome="conflict"')) > 0, 'no write met a conflict');
    const { conditions } = await gatewayStatus();
    assert.ok(isTrue(conditions, foreign.type) && isTrue(conditions, 'Programmed'), JSON.stringify(conditions));
    await assertNothingLost(load);
  });

  test('when the statuses of one kind may not be written: traffic and other statuses go on, the log says what is missing', async () => {
    const { cluster } = gateway;
    await using load = gateway.load();
    const allow = await deny(cluster, 'httproutes/status');
    try {
      await cluster.apply([route({ name: 'mute', host: 'mute.example.com', mark: 'mute' })]);
      await gateway.untilMarked('mute.example.com', 'mute');
      await eventually('the log says what is missing', async () => /httproutes\/status/.test(await gateway.logs()), { limit, interval: 500 });
      const { status } = await cluster.controlPlane.client.send<{ status?: RouteStatus }>(`${routesPath}/mute`);
      assert.deepEqual(status?.parents ?? [], []);
    } finally {
      await allow();
    }
    await gateway.untilAccepted('mute');
    await assertNothingLost(load);
  });

  test('when Secrets may not be read: the rest works, the condition and the log say why, and TLS comes with the right', async () => {
    const { cluster } = gateway;
    const { client } = cluster.controlPlane;
    const { chain, privateKey } = selfSigned(stableHost);
    await using load = gateway.load();
    const allow = await deny(cluster, 'secrets');
    try {
      await restartController();
      const base64 = (text: string): string => Buffer.from(text).toString('base64');
      await cluster.apply([{ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name: 'denied', namespace: 'default' }, data: { 'tls.crt': base64(chain), 'tls.key': base64(privateKey) } }]);
      await client.send(gatewayPath, {
        method: 'PATCH', contentType: 'application/json-patch+json',
        body: [{ op: 'add', path: '/spec/listeners/-', value: { name: 'https', protocol: 'HTTPS', port: 443, tls: { mode: 'Terminate', certificateRefs: [{ name: 'denied' }] } } }],
      });
      await eventually('the listener says that its certificate cannot be read', async () => {
        const listener = (await gatewayStatus()).listeners?.find(({ name }) => name === 'https');
        const refs = listener?.conditions.find(({ type }) => type === 'ResolvedRefs');
        return refs?.status === 'False' && /Secret default\/denied cannot be read/.test(refs.message ?? '');
      }, { limit });
      await gateway.change('without-secrets');
      await eventually('the log says what is missing', async () => /not allowed to list and watch Secret/.test(await gateway.logs()), { limit, interval: 500 });
    } finally {
      await allow();
    }
    await eventually('TLS is served', async () => (await ask({ address: gateway.address, host: stableHost, authority: chain, timeout: 1000 })).status === 200, { limit });
    await untilServed(load);
    await assertNothingLost(load);
  });
});
