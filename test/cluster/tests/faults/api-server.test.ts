import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { apiServerReady, openBackDoor } from '../../faults/api-server.ts';
import { forgetHistory, restoreEtcd, saveEtcd } from '../../faults/etcd.ts';
import { eventually } from '../../lifetime/eventually.ts';
import { CuttingProxy } from '../support/cutting-proxy.ts';
import { controllers, podsOf, signalPod } from '../support/pods.ts';
import { markPatch, route, routesPath } from '../support/routes.ts';
import { assertNothingLost, changingHost, limit, TestGateway, untilServed } from '../support/test-gateway.ts';

/** How long the API server is away (ms). */
const outage = 60_000;
/** Annotations of an object may be 256 KiB in all; TLS carries 16 KiB at most in one record. */
const bigAnnotation = 200_000;

describe('no request is lost', { timeout: 400_000 }, () => {
  let gateway: TestGateway;
  let line: CuttingProxy;

  before(async () => {
    gateway = await TestGateway.start({ beforeInstall: async (cluster) => {
      line = await CuttingProxy.start(cluster);
    } });
  });

  after(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await line?.close();
  });

  test('when a watch is cut in the middle of an event, and the event is not lost either', async () => {
    const { cluster } = gateway;
    await using load = gateway.load();
    await untilServed(load);
    // An event that needs many TLS records: what arrives before the cut is half of an object.
    line.cutAfter(bigAnnotation / 2);
    await cluster.controlPlane.client.send(routesPath, {
      method: 'POST', body: route({ name: 'big', host: 'big.example.com', mark: 'big', annotations: { 'example.com/big': 'x'.repeat(bigAnnotation) } }),
    });
    await eventually('a connection was cut', () => line.cuts > 0, { limit });
    line.cutAfter(undefined);
    await gateway.untilMarked('big.example.com', 'big');
    await gateway.untilAccepted('big');
    await gateway.change('after-the-cut');
    await assertNothingLost(load);
  });

  test('when etcd restarts and has forgotten all versions that a watch could go on from', async () => {
    const { cluster } = gateway;
    await using load = gateway.load();
    const { apiServer, etcd } = cluster.controlPlane;
    await etcd.kill();
    etcd.start();
    await apiServerReady(cluster.controlPlane);
    await gateway.change('after-etcd');
    // What changes while nobody looks cannot come by a watch.
    const pods = await podsOf(cluster, controllers);
    for (const pod of pods) signalPod(pod, 'node', 'SIGSTOP');
    try {
      await cluster.controlPlane.client.send(`${routesPath}/changing`, { method: 'PATCH', body: markPatch({ name: 'changing', host: changingHost, mark: 'unseen' }) });
      await forgetHistory(cluster);
    } finally {
      for (const pod of pods) signalPod(pod, 'node', 'SIGCONT');
    }
    await gateway.untilMarked(changingHost, 'unseen');
    await gateway.add('after-the-410');
    assert.ok(apiServer.running);
    await assertNothingLost(load);
  });

  test('when a backup of etcd is put back, and what happened since is undone', async () => {
    const { cluster } = gateway;
    await gateway.change('in-the-backup');
    await using load = gateway.load();
    await saveEtcd(cluster, 'backup');
    await gateway.change('undone');
    await gateway.add('undone');
    await restoreEtcd(cluster, 'backup');
    await gateway.untilMarked(changingHost, 'in-the-backup');
    await eventually('the route that is undone is gone', async () => (await gateway.status('undone.example.com')) === 404, { limit });
    await gateway.change('after-the-backup');
    await assertNothingLost(load);
  });

  test('when the API server is gone for a minute and comes back with other content', async () => {
    const { cluster } = gateway;
    const { apiServer, controllerManager } = cluster.controlPlane;
    await gateway.change('before-the-outage');
    await gateway.add('deleted');
    await using load = gateway.load();
    await untilServed(load);
    const gone = performance.now();
    // Both, as when their machine is gone. A controller manager that lives through it may take all nodes for dead, because it has heard of
    // none of them for longer than 40 s; then Kubernetes itself takes their Pods out of all Services, and no gateway can help that.
    await Promise.all([apiServer.kill(), controllerManager.kill()]);
    const door = await openBackDoor(cluster);
    try {
      await door.client.send(`${routesPath}/changing`, { method: 'PATCH', body: markPatch({ name: 'changing', host: changingHost, mark: 'other-content' }) });
      await door.client.send(`${routesPath}/deleted`, { method: 'DELETE' });
      await door.client.send(routesPath, { method: 'POST', body: route({ name: 'created', host: 'created.example.com', mark: 'created' }) });
    } finally {
      await door.close();
    }
    await eventually('a minute is over', () => performance.now() - gone >= outage, { limit: outage + limit, interval: 200 });
    assert.equal(await gateway.mark(changingHost), 'before-the-outage');
    assert.equal(await gateway.mark('deleted.example.com'), 'deleted');
    apiServer.start();
    await apiServerReady(cluster.controlPlane);
    controllerManager.start();
    await gateway.untilMarked(changingHost, 'other-content');
    await gateway.untilMarked('created.example.com', 'created');
    await gateway.untilAccepted('created');
    await eventually('the deleted route is gone', async () => (await gateway.status('deleted.example.com')) === 404, { limit });
    await gateway.add('after-the-outage');
    await untilServed(load);
    await assertNothingLost(load, outage / 20);
  });
});
