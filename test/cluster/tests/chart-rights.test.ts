import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startCluster } from '../cluster.ts';
import type { Cluster } from '../cluster.ts';
import { imagesFor } from '../install/install.ts';
import { installMoongate } from '../install/moongate.ts';
import { eventually } from '../lifetime/eventually.ts';
import { run } from '../tools/run.ts';
import { charts, namespace } from './chart-rendering.ts';

/** The rights that the chart gives are enough for what the controller does, however it is installed. */
describe('a Gateway in namespace shop is served', () => {
  const limit = 90_000;
  const set = 'config.envoyGateway.provider.kubernetes';
  let cluster: Cluster;

  before(async () => {
    cluster = await startCluster({ images: imagesFor({ install: 'moongate' }) });
    await cluster.kubectl(['create', 'namespace', 'shop']);
    await installMoongate(cluster);
  });
  after(async () => {
    await cluster.stop();
  });

  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ['as the chart is', [], namespace],
    ['with proxies beside their Gateways', [`${set}.deploy.type=GatewayNamespace`], 'shop'],
    ['with rights in this namespace only', [`${set}.watch.namespaces={shop}`], namespace],
    ['with rights in this namespace only, and proxies beside their Gateways', [`${set}.deploy.type=GatewayNamespace`, `${set}.watch.namespaces={shop}`], 'shop'],
    ['with two replicas, and namespaces chosen by label', ['deployment.replicas=2', `${set}.watch.type=NamespaceSelector`, `${set}.watch.namespaceSelector.matchLabels.kubernetes\\.io/metadata\\.name=shop`], namespace],
  ];

  for (const [index, [name, values, proxiesIn]] of cases.entries()) {
    it(name, async () => {
      const gateway = `web-${index}`;
      await run('helm', [
        'upgrade', 'moongate', `${charts}/moongate`, '--namespace', namespace, '--wait', '--timeout', `${limit / 1000}s`, ...values.flatMap((value) => ['--set', value]),
      ], { env: cluster.env });
      await cluster.apply([
        { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: { name: gateway, namespace: 'shop' }, spec: { gatewayClassName: 'eg', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] } },
        {
          apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name: gateway, namespace: 'shop' },
          spec: { parentRefs: [{ name: gateway }], rules: [{ filters: [{ type: 'RequestRedirect', requestRedirect: { hostname: 'there.example.com', statusCode: 302 } }] }] },
        },
      ]);
      await cluster.kubectl(['wait', '--namespace', 'shop', '--for=condition=Programmed', `gateway/${gateway}`, `--timeout=${limit / 1000}s`]);
      const address = await cluster.kubectl(['get', 'gateway', gateway, '--namespace', 'shop', '--output', 'jsonpath={.status.addresses[0].value}']);
      await eventually(`an answer at ${address}`, async () => {
        const { status } = await fetch(`http://${address}/`, { redirect: 'manual', signal: AbortSignal.timeout(2000) });
        return status === 302;
      }, { limit });
      const deployments = await cluster.kubectl(['get', 'deployments', '--namespace', proxiesIn, '--selector', `gateway.envoyproxy.io/owning-gateway-name=${gateway}`, '--output', 'name']);
      assert.equal(deployments.trim().split('\n').length, 1, deployments);
      const log = await cluster.kubectl(['logs', '--namespace', namespace, '--selector', 'control-plane=envoy-gateway', '--tail', '-1']);
      assert.match(log, /this replica leads/);
      assert.doesNotMatch(log, /forbidden|\b403\b|denied/i);
      await cluster.kubectl(['delete', 'gateway', gateway, '--namespace', 'shop']);
    });
  }
});
