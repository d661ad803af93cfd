import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../lifetime/eventually.ts';
import { ask, echoOf } from './support/client.ts';
import type { Condition } from './support/conditions.ts';
import { SteadyLoad } from './support/load.ts';
import { controllers, namespace, podsOf } from './support/pods.ts';
import { route } from './support/routes.ts';
import { assertNothingLost, limit, TestGateway, untilServed } from './support/test-gateway.ts';

interface Address {
  readonly type?: string;
  readonly value?: string;
  readonly routability?: string;
}

interface Status {
  readonly addresses?: readonly Address[];
  readonly conditions?: readonly Condition[];
}

interface Service {
  readonly metadata: { readonly uid: string };
  readonly spec: { readonly type: string; readonly clusterIP: string; readonly ports: readonly { readonly nodePort?: number }[] };
  readonly status: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip: string }[] } };
}

const inside: Address = { routability: 'Cluster' };
const outside: Address = { type: 'IPAddress' };
const kind = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway' };

/** GEP-1651 */
describe('addresses of Gateways', { timeout: 300_000 }, () => {
  let cluster: TestGateway['cluster'];

  before(async () => {
    ({ cluster } = await TestGateway.start());
  });
  after(() => cluster?.stop());

  const host = (name: string): string => `${name}.example.com`;

  /** Applies a Gateway with these addresses. */
  const apply = (name: string, addresses: readonly Address[]): Promise<void> =>
    cluster.apply([{ ...kind, metadata: { name, namespace: 'default' }, spec: { gatewayClassName: 'ack-gateway', addresses, listeners: [{ name: 'http', protocol: 'HTTP', port: 80 }] } }]);

  /** A Gateway with these addresses and a route of its own. */
  async function make(name: string, addresses: readonly Address[]): Promise<void> {
    await apply(name, addresses);
    await cluster.apply([route({ name, host: host(name), mark: name, parent: name })]);
  }

  const statusOf = async (name: string): Promise<Status> => (await cluster.controlPlane.client.send<{ status?: Status }>(`/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways/${name}`)).status ?? {};

  async function serviceOf(name: string): Promise<Service> {
    const selector = encodeURIComponent(`gateway.envoyproxy.io/owning-gateway-name=${name}`);
    const { items } = await cluster.controlPlane.client.send<{ readonly items: readonly Service[] }>(`/api/v1/namespaces/${namespace}/services?labelSelector=${selector}`);
    const [service] = items;
    assert.ok(service !== undefined && items.length === 1, `${items.length} Services`);
    return service;
  }

  const programmed = ({ conditions = [] }: Status): Condition | undefined => conditions.find(({ type }) => type === 'Programmed');

  /** Waits until a Gateway is programmed with the addresses that its Service has by then. */
  async function untilItHas(name: string, type: string, expected: (service: Service) => readonly Address[]): Promise<Service> {
    let service: Service | undefined;
    let status: Status = {};
    const isSo = async (): Promise<boolean> => {
      [service, status] = await Promise.all([serviceOf(name), statusOf(name)]);
      assert.equal(service.spec.type, type);
      assert.deepEqual(status.addresses, expected(service));
      return programmed(status)?.status === 'True';
    };
    await eventually(`Gateway ${name} has its addresses`, isSo, { limit });
    assert.ok(service);
    return service;
  }

  const clusterIp = ({ spec: { clusterIP } }: Service): Address => ({ type: 'IPAddress', value: clusterIP, routability: 'Cluster' });

  const publicIp = ({ status: { loadBalancer } }: Service): Address => {
    const [first] = loadBalancer?.ingress ?? [];
    assert.ok(first, 'the load balancer has no address');
    return { type: 'IPAddress', value: first.ip };
  };

  /** What a client in a Pod gets at an address: the mark that the backend saw. */
  async function markInside(address: string, name: string): Promise<string | undefined> {
    const [pod] = await podsOf(cluster, controllers);
    assert.ok(pod);
    const program = `require('node:http').get({ host: '${address}', path: '/get', timeout: 5000, agent: false, headers: { host: '${host(name)}' } }, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk)).on('end', () => console.log(JSON.stringify({ status: response.statusCode, body })));
    }).on('timeout', () => process.exit(1))`;
    const answer = await cluster.kubectl(['-n', namespace, 'exec', pod.metadata.name, '--', '/nodejs/bin/node', '-e', program]);
    return echoOf(JSON.parse(answer) as { status: number; body: string }).headers['X-Mark']?.[0];
  }

  const untilServedInside = (name: string, address: string): Promise<unknown> => eventually(`a Pod reaches ${name} at ${address}`, async () => (await markInside(address, name)) === name, { limit });

  const untilServedOutside = (name: string, address = ''): Promise<unknown> =>
    eventually(`${name} answers at ${address}`, async () => echoOf(await ask({ address, host: host(name) })).headers['X-Mark']?.[0] === name, { limit });

  it('may be for clients in the cluster alone', async () => {
    await make('inside', [inside]);
    const { spec } = await untilItHas('inside', 'ClusterIP', (service) => [clusterIp(service)]);
    assert.deepEqual(spec.ports.filter(({ nodePort }) => nodePort !== undefined), []);
    await untilServedInside('inside', spec.clusterIP);
  });

  it('may be for both, and change there and back while clients in the cluster lose no request', async () => {
    await make('both', [outside, inside]);
    const service = await untilItHas('both', 'LoadBalancer', (now) => [publicIp(now), clusterIp(now)]);
    const address = service.spec.clusterIP;
    await untilServedInside('both', address);
    await untilServedOutside('both', publicIp(service).value);

    await using load = new SteadyLoad({ address, host: host('both') });
    const steps: readonly [readonly Address[], string, (now: Service) => readonly Address[]][] = [
      [[inside], 'ClusterIP', (now) => [clusterIp(now)]],
      [[outside], 'LoadBalancer', (now) => [publicIp(now)]],
      [[inside], 'ClusterIP', (now) => [clusterIp(now)]],
      [[inside, outside], 'LoadBalancer', (now) => [publicIp(now), clusterIp(now)]],
      [[], 'LoadBalancer', (now) => [publicIp(now)]],
    ];
    for (const [addresses, type, expected] of steps) {
      await apply('both', addresses);
      const now = await untilItHas('both', type, expected);
      assert.deepEqual([now.metadata.uid, now.spec.clusterIP], [service.metadata.uid, address], 'the Service is the same');
      if (type === 'LoadBalancer') await untilServedOutside('both', publicIp(now).value);
      await untilServed(load);
    }
    await assertNothingLost(load);
  });

  it('may be asked for, and what cannot be had is said while the Gateway is served where it was', async () => {
    const [first, second] = [200, 201].map((last) => cluster.plan.services.replace(/0\/17$/, `${last}`)) as [string, string];
    const refused = (value: string, reason: RegExp): Promise<void> => eventually(`${value} is refused`, async () => {
      const { status, reason: word, message = '' } = programmed(await statusOf('asking')) ?? {};
      assert.deepEqual([status, word], ['False', 'AddressNotUsable']);
      assert.ok(message.startsWith(`Addresses that cannot be had: ${value} (`), message);
      assert.match(message, reason);
      return true;
    }, { limit });

    await make('asking', [{ ...inside, value: cluster.plan.kubernetesService }]);
    await refused(cluster.plan.kubernetesService, /already allocated/);
    await apply('asking', [{ ...inside, value: first }]);
    const { metadata: { uid } } = await untilItHas('asking', 'ClusterIP', () => [{ type: 'IPAddress', value: first, routability: 'Cluster' }]);
    await untilServedInside('asking', first);

    for (const value of [cluster.plan.kubernetesService, '192.0.2.7', second]) {
      await apply('asking', [{ ...inside, value }]);
      await refused(value, new RegExp(`has ${first} until it is deleted`));
      await untilServedInside('asking', first);
      const service = await serviceOf('asking');
      assert.equal(service.metadata.uid, uid, 'the Service is the same');
    }

    await cluster.kubectl(['-n', namespace, 'delete', 'service', '-l', 'gateway.envoyproxy.io/owning-gateway-name=asking']);
    await untilItHas('asking', 'ClusterIP', () => [{ type: 'IPAddress', value: second, routability: 'Cluster' }]);
    await untilServedInside('asking', second);
  });
});
