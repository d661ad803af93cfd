import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../../lifetime/eventually.ts';
import { HealthCheckedNodes } from '../support/health-checked-nodes.ts';
import { SteadyLoad } from '../support/load.ts';
import { isReady, namespace, podsOf, proxies, untilGone } from '../support/pods.ts';
import type { Pod } from '../support/pods.ts';
import { assertNothingLost, limit, stableHost, TestGateway, untilServed } from '../support/test-gateway.ts';

const settingsPath = '/apis/gateway.envoyproxy.io/v1alpha1/namespaces/default/envoyproxies/settings';
const rolloutMs = 120_000;
/** Connections that nobody uses any more are cut off then. */
const drainTimeout = '20s';
/** Nodes with this have an Envoy. */
const nodeLabels = { 'example.com/proxies': 'yes' };

/** An Envoy on each of two nodes, behind a load balancer that asks the nodes whether they have one: `externalTrafficPolicy: Local`, as it is by default. */
describe('no request is lost across nodes', { timeout: 400_000 }, () => {
  let gateway: TestGateway;
  let ports: { readonly http: number; readonly healthCheck: number };

  before(async () => {
    gateway = await TestGateway.start({
      nodes: [nodeLabels, nodeLabels],
      settings: { shutdown: { drainTimeout }, provider: { type: 'Kubernetes', kubernetes: { envoyDaemonSet: { pod: { nodeSelector: nodeLabels } } } } },
    });
    await untilReady();
    const { items: [service] } = await gateway.cluster.controlPlane.client.send<{ items: readonly { spec: { healthCheckNodePort: number; ports: readonly { nodePort: number }[] } }[] }>(
      `/api/v1/namespaces/${namespace}/services?labelSelector=${encodeURIComponent(proxies)}`,
    );
    assert.ok(service?.spec.ports[0]);
    ports = { http: service.spec.ports[0].nodePort, healthCheck: service.spec.healthCheckNodePort };
  });

  after(() => gateway?.[Symbol.asyncDispose]());

  /** Each node has a Pod that is ready, none of those before. */
  async function untilReady(before: readonly Pod[] = []): Promise<readonly Pod[]> {
    let found: readonly Pod[] = [];
    const uids = new Set(before.map(({ metadata }) => metadata.uid));
    await eventually('an Envoy is ready on each node', async () => {
      found = await podsOf(gateway.cluster, proxies);
      return new Set(found.map(({ spec }) => spec.nodeName)).size === gateway.cluster.nodes.length && found.every((pod) => isReady(pod) && !uids.has(pod.metadata.uid));
    }, { limit: rolloutMs });
    return found;
  }

  test('when all Envoys are replaced by others, node by node', async () => {
    const { cluster } = gateway;
    await using nodes = new HealthCheckedNodes(cluster.nodes, ports.healthCheck);
    await eventually('both nodes are healthy', () => nodes.healthy.length === 2, { limit });
    await using load = new SteadyLoad({ address: () => nodes.next(), port: ports.http, host: stableHost });
    await untilServed(load);
    const former = await untilReady();
    await cluster.controlPlane.client.send(settingsPath, { method: 'PATCH', body: { spec: { provider: { kubernetes: { envoyDaemonSet: { pod: { annotations: { 'example.com/rolled': 'yes' } } } } } } } });
    await untilReady(former);
    await untilGone(cluster, former);
    await untilServed(load, 200);
    await assertNothingLost(load);
  });

  test('when a node is to have no Envoy any more', async () => {
    const { cluster } = gateway;
    const [node] = cluster.nodes;
    assert.ok(node);
    await using nodes = new HealthCheckedNodes(cluster.nodes, ports.healthCheck);
    await eventually('both nodes are healthy', () => nodes.healthy.length === 2, { limit });
    await using load = new SteadyLoad({ address: () => nodes.next(), port: ports.http, host: stableHost });
    await untilServed(load);
    const pod = (await untilReady()).find(({ spec }) => spec.nodeName === node.name);
    assert.ok(pod);
    await cluster.kubectl(['label', 'node', node.name, 'example.com/proxies-']);
    await eventually('the load balancer knows of it', () => !nodes.healthy.includes(node.address), { limit });
    await untilGone(cluster, [pod]);
    await untilServed(load, 200);
    await assertNothingLost(load);
  });
});
