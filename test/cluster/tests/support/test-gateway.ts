import assert from 'node:assert/strict';
import { join } from 'node:path';
import { writeChartCrds } from '../../../../tools/charts/chart-crds.ts';
import { startCluster } from '../../cluster.ts';
import type { Cluster } from '../../cluster.ts';
import { imagesFor, install } from '../../install/install.ts';
import { eventually } from '../../lifetime/eventually.ts';
import { ask, echoOf } from './client.ts';
import { isAccepted, isTrue } from './conditions.ts';
import type { GatewayStatus, RouteStatus } from './conditions.ts';
import { SteadyLoad } from './load.ts';
import type { LoadOptions } from './load.ts';
import { controllers, isReady, namespace, podsOf } from './pods.ts';
import { gatewayPath, markPatch, route, routesPath } from './routes.ts';

/** How to start a cluster with the standard manifests. */
export interface TestGatewayOptions {
  readonly nodes?: readonly Readonly<Record<string, string>>[];
  readonly apiServerArgs?: readonly string[];
  /** Values of the chart, as helm takes them with --set. */
  readonly set?: readonly string[];
  /** Called when the cluster runs and nothing is installed yet. */
  readonly beforeInstall?: (cluster: Cluster) => Promise<void>;
  /** EnvoyProxy to which the Gateway refers. */
  readonly settings?: object;
}

/** How long anything may take on a busy machine (ms). */
export const limit = 60_000;
/** Its route stays as it is in every test. */
export const stableHost = 'stable.example.com';
/** Its route is changed by tests. */
export const changingHost = 'www.example.com';

const manifests = join(import.meta.dirname, '../manifests/standard');

/** A cluster with Moongate and the standard Gateway, which answers for both hosts. */
export class TestGateway {
  readonly cluster: Cluster;
  readonly address: string;

  private constructor(cluster: Cluster, address: string) {
    this.cluster = cluster;
    this.address = address;
  }

  /** Resolves when requests are answered. */
  static async start({ nodes, apiServerArgs = [], set = [], beforeInstall, settings }: TestGatewayOptions = {}): Promise<TestGateway> {
    writeChartCrds();
    const cluster = await startCluster({ ...(nodes === undefined ? {} : { nodes }), apiServerArgs, images: imagesFor({ install: 'moongate' }) });
    try {
      await beforeInstall?.(cluster);
      await install(cluster, { install: 'moongate', set });
      await cluster.kubectl(['apply', ...['gatewayclass', 'backend', 'gateway'].flatMap((name) => ['-f', join(manifests, `${name}.yaml`)])]);
      if (settings !== undefined) await useSettings(cluster, settings);
      await cluster.apply([route({ name: 'stable', host: stableHost, mark: 'stable' }), route({ name: 'changing', host: changingHost, mark: 'first' })]);
      const gateway = new TestGateway(cluster, await addressOf(cluster));
      for (const host of [stableHost, changingHost]) await eventually(`${host} answers`, async () => (await gateway.mark(host)) !== undefined, { limit });
      return gateway;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Requests for the host whose route nobody changes, unless told otherwise. */
  load(options: Partial<LoadOptions> = {}): SteadyLoad {
    return new SteadyLoad({ address: this.address, host: stableHost, ...options });
  }

  /** The mark that a backend sees on requests for a host; rejects unless one answers. */
  async mark(host: string, port = 80): Promise<string | undefined> {
    return echoOf(await ask({ address: this.address, port, host })).headers['X-Mark']?.[0];
  }

  /** The status of an answer. */
  async status(host: string): Promise<number> {
    return (await ask({ address: this.address, host })).status;
  }

  /** Waits until a host's requests have a mark. */
  async untilMarked(host: string, mark: string, within = limit, port = 80): Promise<void> {
    await eventually(`requests for ${host} are marked ${mark}`, async () => (await this.mark(host, port)) === mark, { limit: within });
  }

  /** Changes the route of a host and waits until that is seen, in its traffic and in its status. */
  async change(mark: string, within = limit): Promise<void> {
    const { client } = this.cluster.controlPlane;
    await client.send(`${routesPath}/changing`, { method: 'PATCH', body: markPatch({ name: 'changing', host: changingHost, mark }) });
    await this.untilMarked(changingHost, mark, within);
  }

  /** Adds a route and waits until it answers and its status says so. */
  async add(name: string, within = limit): Promise<void> {
    await this.cluster.apply([route({ name, host: `${name}.example.com`, mark: name })]);
    await this.untilMarked(`${name}.example.com`, name, within);
    await this.untilAccepted(name, within);
  }

  async untilAccepted(name: string, within = limit): Promise<void> {
    const { client } = this.cluster.controlPlane;
    await eventually(`route ${name} is accepted`, async () => isAccepted((await client.send<{ status?: RouteStatus }>(`${routesPath}/${name}`)).status), { limit: within });
  }

  /** Waits until so many replicas of the control plane are ready, and no others are there. */
  async untilControllers(count: number): Promise<void> {
    await eventually(`${count} replicas of the control plane are ready`, async () => {
      const pods = await podsOf(this.cluster, controllers);
      return pods.length === count && pods.every(isReady);
    }, { limit });
  }

  /** What the control plane's replicas have logged. */
  logs(): Promise<string> {
    return this.cluster.kubectl(['-n', namespace, 'logs', '--selector', controllers, '--tail', '-1', '--prefix']);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.stop();
  }
}

/** Every request of a load got what it should, and there were enough of them to say so. */
export async function assertNothingLost(load: SteadyLoad, atLeast = 100): Promise<void> {
  const { requests, failures } = await load.stop();
  assert.deepEqual(failures.slice(0, 20), [], `${failures.length} of ${requests} requests failed`);
  assert.ok(requests >= atLeast, `${requests} requests are too few`);
}

/** Waits until a load has had so many more good answers. */
export async function untilServed(load: SteadyLoad, more = 100): Promise<void> {
  const good = load.good + more;
  await eventually('the load goes on', () => load.good >= good, { limit });
}

async function addressOf({ controlPlane: { client } }: Cluster): Promise<string> {
  let address: string | undefined;
  await eventually('the Gateway is programmed and has an address', async () => {
    const { status } = await client.send<{ status?: GatewayStatus }>(gatewayPath);
    address = status?.addresses?.[0]?.value;
    return isTrue(status?.conditions, 'Programmed') && address !== undefined;
  }, { limit });
  return address ?? '';
}

async function useSettings(cluster: Cluster, spec: object): Promise<void> {
  await cluster.apply([{ apiVersion: 'gateway.envoyproxy.io/v1alpha1', kind: 'EnvoyProxy', metadata: { name: 'settings', namespace: 'default' }, spec }]);
  await cluster.controlPlane.client.send(gatewayPath, {
    method: 'PATCH', body: { spec: { infrastructure: { parametersRef: { group: 'gateway.envoyproxy.io', kind: 'EnvoyProxy', name: 'settings' } } } },
  });
}
