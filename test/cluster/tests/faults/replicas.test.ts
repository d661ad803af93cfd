import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../../lifetime/eventually.ts';
import { connectsOf, leaseHolder, rotateAuthority, streamsOf, untilRotated } from '../support/control-plane.ts';
import { controllers, isReady, namespace, podsOf, proxies, signalPod } from '../support/pods.ts';
import type { Pod } from '../support/pods.ts';
import { assertNothingLost, limit, TestGateway, untilServed } from '../support/test-gateway.ts';

const leaseDuration = 15_000;
/** A new holder looks every two seconds, and the machine is busy. */
const takeOver = leaseDuration + 15_000;

describe('no request is lost', { timeout: 400_000 }, () => {
  let gateway: TestGateway;

  before(async () => {
    // Kubelets of the test cluster refresh mounted Secrets after five seconds or so.
    gateway = await TestGateway.start({ set: ['deployment.replicas=2', 'deployment.envoyGateway.extraArgs={--certificate-settle=15s}'] });
    await gateway.untilControllers(2);
  });

  after(() => gateway?.[Symbol.asyncDispose]());

  const leader = async (): Promise<Pod> => {
    const [pods, holder] = await Promise.all([podsOf(gateway.cluster, controllers), leaseHolder(gateway.cluster)]);
    const pod = pods.find(({ metadata }) => holder.startsWith(`${metadata.name}_`));
    if (pod === undefined) throw new Error(`the Lease is held by ${holder}, which is no Pod`);
    return pod;
  };

  test('when the leader is killed: the other one writes within the lease duration', async () => {
    const { cluster } = gateway;
    await using load = gateway.load();
    const former = await leader();
    signalPod(former, 'node', 'SIGKILL');
    await cluster.kubectl(['-n', namespace, 'delete', 'pod', former.metadata.name, '--force', '--grace-period=0']);
    const killed = performance.now();
    await gateway.add('after-the-leader', takeOver);
    assert.ok(performance.now() - killed < takeOver);
    assert.notEqual((await leader()).metadata.name, former.metadata.name);
    await gateway.untilControllers(2);
    await assertNothingLost(load);
  });

  test('when the leader is frozen, loses its Lease, and wakes up: it writes no more', async () => {
    const { cluster } = gateway;
    await using load = gateway.load();
    const former = await leader();
    signalPod(former, 'node', 'SIGSTOP');
    try {
      await gateway.add('while-it-sleeps', takeOver);
    } finally {
      signalPod(former, 'node', 'SIGCONT');
    }
    const successor = await leader();
    assert.notEqual(successor.metadata.name, former.metadata.name);
    await gateway.change('after-it-woke');
    await eventually('it is ready again', async () => (await podsOf(cluster, controllers)).every(isReady), { limit });
    assert.equal((await leader()).metadata.name, successor.metadata.name);
    await assertNothingLost(load);
  });

  test('when all replicas of the control plane are killed and started again', async () => {
    const { cluster } = gateway;
    await using load = gateway.load();
    for (const pod of await podsOf(cluster, controllers)) signalPod(pod, 'node', 'SIGKILL');
    await cluster.kubectl(['-n', namespace, 'delete', 'pod', '--selector', controllers, '--force', '--grace-period=0']);
    await untilServed(load);
    await gateway.untilControllers(2);
    await gateway.add('after-all');
    await gateway.change('after-all');
    await assertNothingLost(load);
  });

  test('when the authority of all certificates is rotated: streams stay, and new ones come to be', async () => {
    const { cluster } = gateway;
    const pods = await podsOf(cluster, controllers);
    await eventually('every Envoy has its stream', async () => (await streamsOf(pods)) === 1, { limit });
    const connects = await connectsOf(pods);
    const [envoy] = await podsOf(cluster, proxies);
    assert.ok(envoy);
    await using load = gateway.load();
    const former = await rotateAuthority(cluster);
    await untilRotated(cluster, former);
    await gateway.change('after-the-rotation');
    assert.equal(await streamsOf(pods), 1);
    assert.equal(await connectsOf(pods), connects);
    await assertNothingLost(load);

    signalPod(envoy, 'envoy', 'SIGKILL');
    await gateway.change('with-new-certificates');
  });

  test("when a proxy's certificate is deleted: it is issued again", async () => {
    const { cluster } = gateway;
    await using load = gateway.load();
    const path = `/api/v1/namespaces/${namespace}/secrets`;
    const { items } = await cluster.controlPlane.client.send<{ items: { metadata: { name: string; uid: string } }[] }>(path);
    const secret = items.find(({ metadata: { name } }) => name.startsWith('envoy-default-ack-gateway-') && name.endsWith('-xds'));
    assert.ok(secret);
    await cluster.controlPlane.client.send(`${path}/${secret.metadata.name}`, { method: 'DELETE' });
    await eventually('there is another', async () => {
      const { metadata } = await cluster.controlPlane.client.send<typeof secret>(`${path}/${secret.metadata.name}`);
      return metadata.uid !== secret.metadata.uid;
    }, { limit });
    await gateway.change('after-the-certificate');
    await untilServed(load);
    await assertNothingLost(load);
  });
});
