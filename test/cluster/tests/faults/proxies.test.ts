import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../../lifetime/eventually.ts';
import { isReady, namespace, podsOf, proxies, signalPod, untilGone } from '../support/pods.ts';
import type { Pod } from '../support/pods.ts';
import { assertNothingLost, limit, TestGateway, untilServed } from '../support/test-gateway.ts';

const replicas = 2;
/** Pods are drained for ten seconds at least, one after the other, and the machine is busy. */
const rolloutMs = 120_000;
const deploymentsPath = `/apis/apps/v1/namespaces/${namespace}/deployments`;
const settingsPath = '/apis/gateway.envoyproxy.io/v1alpha1/namespaces/default/envoyproxies/settings';

interface Deployment {
  readonly metadata: { readonly name: string; readonly uid: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly replicas: number; readonly template: { readonly spec: { readonly containers: readonly { readonly name: string; readonly image: string }[] } } };
}

describe('an Envoy goes', { timeout: 500_000 }, () => {
  let gateway: TestGateway;

  before(async () => {
    gateway = await TestGateway.start({ settings: { provider: { type: 'Kubernetes', kubernetes: { envoyDeployment: { replicas } } } } });
    await untilReady();
  });

  after(() => gateway?.[Symbol.asyncDispose]());

  /** As many Pods as wanted are ready, others than those before. */
  async function untilReady(before: readonly Pod[] = []): Promise<readonly Pod[]> {
    let found: readonly Pod[] = [];
    const uids = new Set(before.map(({ metadata }) => metadata.uid));
    await eventually(`${replicas} Envoys are ready`, async () => {
      found = await podsOf(gateway.cluster, proxies);
      return found.length === replicas && found.every((pod) => isReady(pod) && !uids.has(pod.metadata.uid));
    }, { limit: rolloutMs });
    return found;
  }

  async function deployment(): Promise<Deployment> {
    const { items } = await gateway.cluster.controlPlane.client.send<{ items: readonly Deployment[] }>(`${deploymentsPath}?labelSelector=${encodeURIComponent(proxies)}`);
    const [first] = items;
    if (first === undefined) throw new Error('the Gateway has no Deployment');
    return first;
  }

  test('because its Pod is deleted: no request is lost', async () => {
    await using load = gateway.load();
    await untilServed(load);
    const [pod] = await untilReady();
    assert.ok(pod);
    await gateway.cluster.kubectl(['-n', namespace, 'delete', 'pod', pod.metadata.name, '--wait=false']);
    await untilGone(gateway.cluster, [pod]);
    await untilReady([pod]);
    await untilServed(load);
    await assertNothingLost(load);
  });

  test('because all of its Pods are replaced by others: no request is lost', async () => {
    await using load = gateway.load();
    await untilServed(load);
    const former = await untilReady();
    await gateway.cluster.controlPlane.client.send(settingsPath, {
      method: 'PATCH', body: { spec: { provider: { kubernetes: { envoyDeployment: { pod: { annotations: { 'example.com/rolled': 'yes' } } } } } } },
    });
    await untilReady(former);
    await untilGone(gateway.cluster, former);
    await untilServed(load);
    await assertNothingLost(load);
  });

  test('because somebody edits its Deployment, which is repaired: no request is lost', async () => {
    const before = await deployment();
    await using load = gateway.load();
    await gateway.cluster.controlPlane.client.send(`${deploymentsPath}/${before.metadata.name}`, {
      method: 'PATCH',
      contentType: 'application/strategic-merge-patch+json',
      body: { metadata: { labels: { 'app.kubernetes.io/managed-by': 'somebody' } }, spec: { replicas: 1, template: { spec: { containers: [{ name: 'envoy', image: 'example.com/none:1' }] } } } },
    });
    await eventually('the Deployment is as it was', async () => {
      const { metadata, spec } = await deployment();
      return spec.replicas === replicas && metadata.labels['app.kubernetes.io/managed-by'] === before.metadata.labels['app.kubernetes.io/managed-by']
        && spec.template.spec.containers.every(({ name, image }) => image === before.spec.template.spec.containers.find((container) => container.name === name)?.image);
    }, { limit: 10_000 });
    await untilReady();
    await untilServed(load, 500);
    await assertNothingLost(load);
  });

  test('because somebody deletes its Deployment, which is made again: no request is lost', async () => {
    const before = await deployment();
    const former = await untilReady();
    await using load = gateway.load();
    await untilServed(load);
    await gateway.cluster.kubectl(['-n', namespace, 'delete', 'deployment', before.metadata.name, '--wait=false']);
    await eventually('there is another Deployment', async () => (await deployment()).metadata.uid !== before.metadata.uid, { limit: 10_000 });
    await untilReady(former);
    await untilGone(gateway.cluster, former);
    await untilServed(load);
    await assertNothingLost(load);
  });

  /**
   * An Envoy that is killed takes along what is under way on its connections, and until its kubelet and the kube-proxies have heard of it,
   * connections to it are refused: nobody can help that. But no request gets a wrong answer, and soon nothing fails any more.
   */
  test('because it is killed: connections to it break, but nobody gets a wrong answer', async () => {
    const [pod] = await untilReady();
    assert.ok(pod);
    await using load = gateway.load();
    await untilServed(load);
    const killedAt = load.elapsed;
    signalPod(pod, 'envoy', 'SIGKILL');
    await eventually('the Pod is not ready, or ready with another process', async () => {
      const { status } = await gateway.cluster.controlPlane.client.send<{ status: { containerStatuses: readonly { name: string; ready: boolean; restartCount: number }[] } }>(`/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}`);
      return status.containerStatuses.some(({ name, ready, restartCount }) => name === 'envoy' && ready && restartCount > 0);
    }, { limit });
    await untilReady();
    const settledAt = load.elapsed;
    await untilServed(load, 500);
    const { failures, requests } = await load.stop();
    assert.deepEqual(failures.filter(({ outcome }) => !['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(outcome)), []);
    assert.deepEqual(failures.filter(({ failedAt, sentAt }) => failedAt < killedAt || sentAt > settledAt), [], 'failures before the kill, or after all was well again');
    // The other Envoy went on: at the worst every second connection met the dead one.
    assert.ok(failures.length < requests / 2, `${failures.length} of ${requests}`);
  });
});
