import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { until } from './envoy.ts';
import { ask, seenBy } from './support/client.ts';
import { serviceApp, sliceOf, startCoreGateway, type CoreGateway } from './support/core-gateway.ts';
import { startEchoBackend, type EchoBackend } from './support/echo-backend.ts';

/** As many requests as make it very unlikely (2⁻³⁰) that one of two servers that share them gets none. */
const sample = 30;

/** Nodes n1 and n2 are of pool east and zone a, n3 is of pool west and zone b. On each of them there is a server of the same name. */
const places = { n1: { pool: 'east', zone: 'a' }, n2: { pool: 'east', zone: 'a' }, n3: { pool: 'west', zone: 'b' } } as const;
const names = ['n1', 'n2', 'n3'] as const;

suite('endpoints near an Envoy are preferred', { timeout: 120_000 }, () => {
  let gateway: CoreGateway;
  const servers = new Map<string, EchoBackend>();

  function serve(service: ReturnType<typeof serviceApp>, unready: readonly string[] = []): void {
    gateway.apply(service, ...names.map((name) =>
      sliceOf(name, servers.get(name)?.port ?? 0, { nodeName: name, zone: places[name].zone, conditions: { ready: !unready.includes(name) } }),
    ));
  }

  /** Waits until just these servers answer. */
  async function untilServedBy(...expected: readonly string[]): Promise<void> {
    let served = '';
    await until(`${expected.join()} answer, and nobody else`, async () => {
      const answers = await Promise.all(Array.from({ length: sample }, () => ask(gateway.port)));
      served = [...new Set(answers.map((answer) => seenBy(answer).backend))].sort().join();
      return served === expected.join();
    }).catch((error: unknown) => {
      throw new Error(`served by ${served}`, { cause: error });
    });
  }

  before(async () => {
    for (const name of names) servers.set(name, await startEchoBackend(name));
    gateway = await startCoreGateway();
    gateway.apply(...names.map((name) => {
      const { pool, zone } = places[name];
      return ['Node', { metadata: { name, labels: { 'apps.openyurt.io/nodepool': pool, 'topology.kubernetes.io/zone': zone } } }] as const;
    }));
  });

  after(async () => {
    await gateway.close();
    for (const server of servers.values()) await server.close();
  });

  test('of the zone, as long as one is ready there', async () => {
    serve(serviceApp());
    await gateway.withEnvoy({ zone: 'b' }, async () => {
      await untilServedBy('n1', 'n2', 'n3');
      serve(serviceApp({ trafficDistribution: 'PreferSameZone' }));
      await untilServedBy('n3');
      serve(serviceApp({ trafficDistribution: 'PreferSameZone' }), ['n3']);
      await untilServedBy('n1', 'n2');
      serve(serviceApp({ trafficDistribution: 'PreferSameZone' }));
      await untilServedBy('n3');
    });
  });

  test('of the node', async () => {
    serve(serviceApp({ trafficDistribution: 'PreferSameNode' }));
    await gateway.withEnvoy({ nodeName: 'n2' }, async () => {
      await untilServedBy('n2');
      // Its zone comes next, which the cluster knows.
      serve(serviceApp({ trafficDistribution: 'PreferSameNode' }), ['n2']);
      await untilServedBy('n1');
    });
  });

  test('of the pool of nodes', async () => {
    const service = serviceApp({}, { 'openyurt.io/topologyKeys': 'openyurt.io/nodepool' });
    serve(service);
    await gateway.withEnvoy({ nodeName: 'n2' }, () => untilServedBy('n1', 'n2'));
    await gateway.withEnvoy({ nodeName: 'n3' }, async () => {
      await untilServedBy('n3');
      serve(service, ['n3']);
      await untilServedBy('n1', 'n2');
    });
  });

  test('not by an Envoy that is elsewhere, or nobody knows where', async () => {
    serve(serviceApp({ trafficDistribution: 'PreferSameZone' }));
    await gateway.withEnvoy({ zone: 'c' }, () => untilServedBy('n1', 'n2', 'n3'));
    await gateway.withEnvoy({}, () => untilServedBy('n1', 'n2', 'n3'));
    assert.equal(gateway.core.ads.counters.nacks, 0);
  });
});
