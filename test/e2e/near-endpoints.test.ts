import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { applyChanges } from '../../src/app/control-plane.ts';
import { Core } from '../../src/app/core.ts';
import { clusterSettings } from '../../src/app/settings.ts';
import type { KindName } from '../../src/api/kinds.ts';
import { decoded } from '../../src/translate/testing.ts';
import { silentLog } from '../../src/util/log.ts';
import { freePort, startEnvoy, until, type Envoy, type EnvoyOptions } from './envoy.ts';
import { ask, seenBy } from './support/client.ts';
import { startEchoBackend, type EchoBackend } from './support/echo-backend.ts';

const proxy = 'default/web';
const host = 'near.test';
/** As many requests as make it very unlikely (2⁻³⁰) that one of two servers that share them gets none. */
const sample = 30;

/** Nodes n1 and n2 are of pool east and zone a, n3 is of pool west and zone b. On each of them there is a server of the same name. */
const places = { n1: { pool: 'east', zone: 'a' }, n2: { pool: 'east', zone: 'a' }, n3: { pool: 'west', zone: 'b' } } as const;
const names = ['n1', 'n2', 'n3'] as const;

suite('endpoints near an Envoy are preferred', { timeout: 120_000 }, () => {
  let directory: string;
  let socket: string;
  let core: Core;
  let port: number;
  const servers = new Map<string, EchoBackend>();

  const apply = (kind: KindName, object: object): void =>
    core.update(() => {
      const resource = decoded(kind, { ...object });
      applyChanges(core.plane.resources, [{ kind, key: resource.key, resource }]);
    });

  /** The Service, and one slice for each server, since an address has one port in a slice. */
  function serve({ annotations = {}, ...spec }: { annotations?: object; trafficDistribution?: string }, unready: readonly string[] = []): void {
    apply('Service', { metadata: { name: 'app', namespace: 'default', annotations }, spec: { ports: [{ port: 80 }], ...spec } });
    for (const name of names) {
      const endpoint = { addresses: ['127.0.0.1'], nodeName: name, zone: places[name].zone, conditions: { ready: !unready.includes(name) } };
      const metadata = { name, namespace: 'default', labels: { 'kubernetes.io/service-name': 'app' } };
      apply('EndpointSlice', { metadata, addressType: 'IPv4', ports: [{ port: servers.get(name)?.port }], endpoints: [endpoint] });
    }
  }

  /** Who answers at an Envoy, when that has settled on these. */
  async function untilServedBy(expected: readonly string[]): Promise<void> {
    let served = '';
    await until(`${expected.join()} answer, and nobody else`, async () => {
      const answers = await Promise.all(Array.from({ length: sample }, () => ask(port, { host })));
      if (answers.some(({ status }) => status !== 200)) return false;
      served = [...new Set(answers.map((answer) => seenBy(answer).backend))].sort().join();
      return served === expected.join();
    }).catch((error: unknown) => {
      throw new Error(`served by ${served}`, { cause: error });
    });
  }

  async function withEnvoy(options: EnvoyOptions, body: () => Promise<void>): Promise<void> {
    const envoy: Envoy = startEnvoy(directory, socket, proxy, options);
    try {
      await until('Envoy answers', async () => (await ask(port, { host })).status === 200);
      await body();
    } finally {
      await envoy.stop();
    }
  }

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'moongate-near-'));
    socket = join(directory, 'xds.sock');
    port = await freePort();
    for (const name of names) servers.set(name, await startEchoBackend(name));
    core = new Core({ settings: clusterSettings(), xds: {}, log: silentLog, remembered: [], onRejections() {}, onProgress() {} });
    await core.ads.listenOnSocket(socket);
    core.update(() => core.plane.portBindings.set(`${proxy}/80`, { boundPort: port, clientPort: port }));
    apply('GatewayClass', { metadata: { name: 'c' }, spec: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' } });
    apply('Gateway', { metadata: { name: 'web', namespace: 'default' }, spec: { gatewayClassName: 'c', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] } });
    apply('HTTPRoute', { metadata: { name: 'r', namespace: 'default' }, spec: { parentRefs: [{ name: 'web' }], rules: [{ backendRefs: [{ name: 'app', port: 80 }] }] } });
    for (const name of names) {
      const { pool, zone } = places[name];
      apply('Node', { metadata: { name, labels: { 'apps.openyurt.io/nodepool': pool, 'topology.kubernetes.io/zone': zone } } });
    }
    serve({});
    core.open();
  });

  after(async () => {
    await core.ads.close();
    for (const server of servers.values()) await server.close();
    await rm(directory, { recursive: true, force: true });
  });

  test('of the zone, as long as one is ready there', async () => {
    await withEnvoy({ zone: 'b' }, async () => {
      await untilServedBy(['n1', 'n2', 'n3']);
      serve({ trafficDistribution: 'PreferSameZone' });
      await untilServedBy(['n3']);
      serve({ trafficDistribution: 'PreferSameZone' }, ['n3']);
      await untilServedBy(['n1', 'n2']);
      serve({ trafficDistribution: 'PreferSameZone' });
      await untilServedBy(['n3']);
    });
  });

  test('of the node', async () => {
    serve({ trafficDistribution: 'PreferSameNode' });
    await withEnvoy({ nodeName: 'n2' }, async () => {
      await untilServedBy(['n2']);
      // Its zone comes next, which the cluster knows.
      serve({ trafficDistribution: 'PreferSameNode' }, ['n2']);
      await untilServedBy(['n1']);
    });
  });

  test('of the pool of nodes', async () => {
    serve({ annotations: { 'openyurt.io/topologyKeys': 'openyurt.io/nodepool' } });
    await withEnvoy({ nodeName: 'n2' }, () => untilServedBy(['n1', 'n2']));
    await withEnvoy({ nodeName: 'n3' }, async () => {
      await untilServedBy(['n3']);
      serve({ annotations: { 'openyurt.io/topologyKeys': 'openyurt.io/nodepool' } }, ['n3']);
      await untilServedBy(['n1', 'n2']);
    });
  });

  test('not by an Envoy that is elsewhere, or nobody knows where', async () => {
    serve({ trafficDistribution: 'PreferSameZone' });
    await withEnvoy({ zone: 'c' }, () => untilServedBy(['n1', 'n2', 'n3']));
    await withEnvoy({}, () => untilServedBy(['n1', 'n2', 'n3']));
    assert.equal(core.ads.counters.nacks, 0);
  });
});
