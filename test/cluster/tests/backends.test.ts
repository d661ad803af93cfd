import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { byText } from '../../../src/util/compare.ts';
import { echo } from './echo.ts';
import { eventually } from '../lifetime/eventually.ts';
import { ask, echoOf } from './support/client.ts';
import { route } from './support/routes.ts';
import { limit, TestGateway } from './support/test-gateway.ts';

const zoneLabel = 'topology.kubernetes.io/zone';
/** As many requests as make it very unlikely (2⁻³⁰) that one of two servers that share them gets none. */
const sample = 30;

/**
 * Two zones of a node each: `near`, where Envoy is, and `far`. A server called after its zone in either, both of one Service.
 */
describe('backends on a cluster of two zones', { timeout: 300_000 }, () => {
  let gateway: TestGateway;

  before(async () => {
    const nodes = ['near', 'far'].map((zone) => ({ [zoneLabel]: zone }));
    const pod = { nodeSelector: { [zoneLabel]: 'near' } };
    gateway = await TestGateway.start({ nodes, settings: { provider: { type: 'Kubernetes', kubernetes: { envoyDeployment: { pod } } } } });
    const deployments = ['near', 'far'].flatMap((zone) => echo(zone, { nodeSelector: { [zoneLabel]: zone } }).slice(0, 1)) as Deployment[];
    for (const { spec } of deployments) Object.assign(spec.template.metadata.labels, { group: 'zones' });
    await gateway.cluster.apply([
      ...deployments,
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'zones', namespace: 'default' }, spec: { selector: { group: 'zones' }, ports: [{ port: 8080, targetPort: 3000 }] } },
      route({ name: 'zones', host: 'zones.example.com', mark: 'zones', backend: { name: 'zones', port: 8080 } }),
    ]);
  });
  after(() => gateway?.cluster.stop());

  interface Deployment {
    readonly spec: { readonly template: { readonly metadata: { readonly labels: Record<string, string> } } };
  }

  /** Waits until just the servers of these zones answer. */
  const untilServedFrom = (host: string, ...zones: readonly string[]): Promise<unknown> =>
    eventually(`${host} is served from ${zones.join()}`, async () => {
      const answers = await Promise.all(Array.from({ length: sample }, () => ask({ address: gateway.address, host })));
      if (answers.some(({ status }) => status !== 200)) return false;
      return zones.join() === [...new Set(answers.map((answer) => echoOf(answer).pod.split('-')[0] ?? ''))].toSorted(byText).join();
    }, { limit });

  const kubectl = (...args: readonly string[]): Promise<string> => gateway.cluster.kubectl(args);

  it('sends requests to servers of the zone of the Envoy when the Service prefers it, and elsewhere when there are none', async () => {
    await untilServedFrom('zones.example.com', 'far', 'near');
    await kubectl('patch', 'service', 'zones', '-p', JSON.stringify({ spec: { trafficDistribution: 'PreferSameZone' } }));
    await untilServedFrom('zones.example.com', 'near');
    await kubectl('scale', 'deployment', 'near', '--replicas=0');
    await untilServedFrom('zones.example.com', 'far');
    await kubectl('scale', 'deployment', 'near', '--replicas=1');
    await untilServedFrom('zones.example.com', 'near');
  });

  it('sends requests to the Pods that an XBackend selects', async () => {
    const group = 'gateway.networking.x-k8s.io';
    const xBackend = { apiVersion: `${group}/v1alpha1`, kind: 'XBackend', metadata: { name: 'selected', namespace: 'default' } };
    await gateway.cluster.apply([
      { ...xBackend, spec: { type: 'EndpointSelector', endpointSelector: { matchLabels: { group: 'zones' } }, port: { number: 3000 } } },
      route({ name: 'selected', host: 'selected.example.com', mark: 'selected', backend: { group, kind: 'XBackend', name: 'selected' } }),
    ]);
    await untilServedFrom('selected.example.com', 'far', 'near');
    const status = await kubectl('get', 'xbackend', 'selected', '-o', 'jsonpath={.status.ancestors[*].conditions[?(@.type=="Accepted")].status}');
    assert.equal(status, 'True');
    const services = await kubectl('get', 'services', '-l', 'moongate.dev/xbackend=selected', '-o', 'jsonpath={.items[*].spec.clusterIP}');
    assert.equal(services, 'None');
    await kubectl('delete', 'xbackend', 'selected');
    await eventually('its Service is gone', async () => (await kubectl('get', 'services', '-l', 'moongate.dev/xbackend=selected', '-o', 'name')) === '', { limit });
  });
});
