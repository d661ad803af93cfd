import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { writeChartCrds } from '../../../../tools/charts/chart-crds.ts';
import { startCluster } from '../../cluster.ts';
import type { Cluster } from '../../cluster.ts';
import { cutOff } from '../../faults/cut-off.ts';
import { imagesFor, install } from '../../install/install.ts';
import { eventually } from '../../lifetime/eventually.ts';
import type { ClusterNode } from '../../node/node.ts';
import { SteadyLoad } from '../support/load.ts';
import { controllers, isReady, podsOf, signalPod } from '../support/pods.ts';
import type { Pod } from '../support/pods.ts';
import { assertHeaderRoute, assertPathRoute, assertWeights, get, host } from '../support/standard-requests.ts';
import type { Place } from '../support/standard-requests.ts';
import { assertNothingLost, limit, untilServed } from '../support/test-gateway.ts';

const poolLabel = 'alibabacloud.com/nodepool-id';
/** The pool that the manifests name, and another one. */
const [near, far] = ['NPXXX', 'NPYYY'] as const;
/** How long a pool is cut off (ms). */
const cut = 60_000;

/**
 * Two pools of nodes, each with a replica of the control plane, a gateway and backends of its own:
 *
 *     NPXXX: node-1    moongate-npxxx    ack-gateway    backend, backend-2
 *     NPYYY: node-2    moongate-npyyy    far-gateway    far-backend
 */
describe('the edge manifests on two pools of nodes', { timeout: 400_000 }, () => {
  const folder = join(import.meta.dirname, 'edge');
  let cluster: Cluster;
  let nearNode: ClusterNode;
  let farNode: ClusterNode;

  before(async () => {
    writeChartCrds();
    cluster = await startCluster({ nodes: [near, far].map((pool) => ({ [poolLabel]: pool })), images: imagesFor({ install: 'moongate' }) });
    const [first, second] = cluster.nodes;
    assert.ok(first && second);
    [nearNode, farNode] = [first, second];
    await install(cluster, {
      install: 'moongate',
      set: [`deployment.nodePools.label=${poolLabel.replace('.', '\\.')}`, `deployment.nodePools.names={${near},${far}}`, 'service.publishNotReadyAddresses=true'],
    });
  });

  after(() => cluster?.stop());

  const apply = (name: string): Promise<string> => cluster.kubectl(['apply', '-f', join(folder, `${name}.yaml`)]);
  const owned = (gateway: string): readonly string[] => ['-A', '-l', `gateway.envoyproxy.io/owning-gateway-name=${gateway}`];
  const jsonpath = (what: readonly string[], path: string): Promise<string> => cluster.kubectl(['get', ...what, '-o', `jsonpath={${path}}`]);
  const portOf = async (gateway: string): Promise<number> => Number(await jsonpath(['service', ...owned(gateway)], '.items[0].spec.ports[0].nodePort'));
  const proxyOf = async (gateway: string): Promise<Pod> => {
    const [pod] = await podsOf(cluster, `gateway.envoyproxy.io/owning-gateway-name=${gateway}`);
    if (pod === undefined) throw new Error(`${gateway} has no Pod`);
    return pod;
  };
  let nearPlace: Place;
  let farPlace: Place;

  test('each pool has its replica of the control plane', async () => {
    await eventually('both replicas are ready', async () => {
      const pods = await podsOf(cluster, controllers);
      return pods.length === 2 && pods.every(isReady);
    }, { limit });
    const pods = await podsOf(cluster, controllers);
    assert.deepEqual(new Set(pods.map(({ spec }) => spec.nodeName)), new Set([nearNode.name, farNode.name]));
  });

  test('Envoy runs in the pool, and a NodePort that carries the annotation leads to it', async () => {
    for (const file of ['gatewayclass', 'backend', 'envoyproxy', 'gateway']) await apply(file);
    // The manifests leave to the scheduler where backends are; a pool that is cut off has nothing but its own.
    for (const name of ['backend', 'backend-2']) await pin(name, near);
    await cluster.kubectl(['wait', '--for=condition=Programmed', 'gateway/ack-gateway', '--timeout=90s']);
    assert.equal(await jsonpath(['deployment', ...owned('ack-gateway')], '.items[*].spec.template.spec.nodeSelector'), JSON.stringify({ [poolLabel]: near }));
    const table = await cluster.kubectl(['get', 'service', ...owned('ack-gateway')]);
    assert.match(table, / envoy-default-ack-gateway-[0-9a-f]+ +NodePort /);
    assert.equal(await jsonpath(['service', ...owned('ack-gateway')], '.items[0].metadata.annotations.openyurt\\.io/topologyKeys'), 'openyurt.io/nodepool');
    assert.equal((await proxyOf('ack-gateway')).spec.nodeName, nearNode.name);
    nearPlace = { address: nearNode.address, port: await portOf('ack-gateway') };
  });

  test('the routes work at node address and node port', async () => {
    await apply('httproute-1-path');
    await assertPathRoute(nearPlace);
    await apply('httproute-2-header');
    await assertHeaderRoute(nearPlace);
    await apply('httproute-3-weights');
    await assertWeights(nearPlace);
  });

  test('the other pool has a gateway of its own', async () => {
    for (const file of ['envoyproxy', 'gateway', 'httproute-1-path']) await cluster.kubectl(['apply', '-f', '-'], { input: forFarPool(await readFile(join(folder, `${file}.yaml`), 'utf8')) });
    // `backend` alone: two Services and two Deployments are in the file.
    const [account = '', service = '', deployment = ''] = (await readFile(join(folder, 'backend.yaml'), 'utf8')).split('\n---\n');
    await cluster.kubectl(['apply', '-f', '-'], { input: forFarPool([account, service, deployment].join('\n---\n')) });
    await pin('far-backend', far);
    await cluster.kubectl(['wait', '--for=condition=Programmed', 'gateway/far-gateway', '--timeout=90s']);
    farPlace = { address: farNode.address, port: await portOf('far-gateway') };
    await eventually('the other gateway answers', async () => (await get(farPlace)).pod.startsWith('far-backend-'), { limit });
    assert.equal((await proxyOf('far-gateway')).spec.nodeName, farNode.name);
  });

  test('a pool is cut off for a minute: both gateways go on, and an Envoy that starts there gets its configuration', async () => {
    const envoy = await proxyOf('far-gateway');
    await using nearLoad = new SteadyLoad({ ...nearPlace, host, perSecond: 50 });
    await using farLoad = new SteadyLoad({ ...farPlace, host, perSecond: 50 });
    await untilServed(nearLoad);
    await untilServed(farLoad);
    const began = performance.now();
    const heal = await cutOff(cluster, farNode);
    try {
      // The part that is not cut off goes on to change.
      await cluster.kubectl(['patch', 'httproute', 'backend', '--type=json', '-p', JSON.stringify([
        { op: 'add', path: '/spec/rules/0/filters', value: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-mark', value: 'during-the-cut' }] } }] },
      ])]);
      await eventually('the change is seen in the near pool', async () => (await get(nearPlace)).headers['X-Mark']?.[0] === 'during-the-cut', { limit });
      await eventually('a minute is over', () => performance.now() - began >= cut, { limit: cut + limit, interval: 200 });
      // Before the line heals: Kubernetes takes the Pods of a node that it has lost out of all Services, and the node hears of that before it counts as ready again.
      await assertNothingLost(farLoad, 500);

      signalPod(envoy, 'envoy', 'SIGKILL');
      await eventually('the Envoy is gone', async () => (await get(farPlace).catch(() => undefined)) === undefined, { limit: 10_000, interval: 5 });
      await eventually('an Envoy that started anew answers in the far pool', async () => (await get(farPlace)).pod.startsWith('far-backend-'), { limit });
    } finally {
      await heal();
    }
    await untilServed(nearLoad);
    await assertNothingLost(nearLoad, 500);
  });

  test('afterwards what changes is seen in both pools', async () => {
    await eventually('all replicas and nodes are ready', async () => {
      const nodes = await jsonpath(['nodes'], '.items[*].status.conditions[?(@.type=="Ready")].status');
      return nodes === 'True True' && (await podsOf(cluster, controllers)).every(isReady);
    }, { limit });
    for (const [route, place] of [['backend', nearPlace], ['far-backend', farPlace]] as const) {
      await cluster.kubectl(['patch', 'httproute', route, '--type=json', '-p', JSON.stringify([
        { op: 'add', path: '/spec/rules/0/filters', value: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-mark', value: 'healed' }] } }] },
      ])]);
      await eventually(`the change of ${route} is seen`, async () => (await get(place)).headers['X-Mark']?.[0] === 'healed', { limit });
    }
  });

  async function pin(deployment: string, pool: string): Promise<void> {
    const patch = { spec: { template: { spec: { nodeSelector: { [poolLabel]: pool } } } } };
    await cluster.kubectl(['patch', 'deployment', deployment, '-p', JSON.stringify(patch)]);
    await cluster.kubectl(['rollout', 'status', 'deployment', deployment, '--timeout=90s']);
  }

  /** The same objects under other names. */
  function forFarPool(text: string): string {
    return text.replaceAll(near, far).replaceAll('ack-gateway\n', 'far-gateway\n').replace('gatewayClassName: far-gateway', 'gatewayClassName: ack-gateway')
      .replaceAll('custom-proxy-config', 'far-proxy-config').replaceAll(/\bbackend$/gm, 'far-backend');
  }
});
