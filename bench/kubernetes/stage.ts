import { setTimeout as sleep } from 'node:timers/promises';
import { startCluster, type Cluster } from '../../test/cluster/cluster.ts';
import { imagesFor, install } from '../../test/cluster/install/install.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { loadKubeClient } from '../../src/kube/load-client.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { applyObject, getObject, listObjects } from '../../src/kube/verbs.ts';
import { PODS } from '../../src/kube/well-known.ts';
import { gatewayName, gateways, namespace, route, httpRoutes, world } from './objects.ts';
import type { Product } from './options.ts';
import { processesOf, type Processes } from './processes.ts';
import { untilServed } from './until-served.ts';

/** A cluster with one product on it, and a Gateway that answers. */
export interface Stage extends AsyncDisposable {
  readonly product: Product;
  readonly cluster: Cluster;
  readonly client: KubeClient;
  /** Where the Gateway answers. */
  readonly address: string;
  /** The processes of the control plane's containers. */
  readonly controlPlane: Processes;
  /** The Envoy of the Gateway. */
  readonly envoy: Processes;
}

/** Where the products live: both as their charts have it. */
const systemNamespace = 'envoy-gateway-system';
const classes: Readonly<Record<Product, string>> = { 'moongate': 'eg', 'envoy-gateway': 'bench' };
const readyMs = 120_000;

/** Starts a cluster, installs the product, and waits until a first route is served. */
export async function setStage(product: Product, onProgress: (message: string) => void): Promise<Stage> {
  const installation = { install: product } as const;
  const cluster = await startCluster({ images: imagesFor(installation), onProgress });
  const client = loadKubeClient({ userAgent: 'moongate-bench', kubeconfig: cluster.kubeconfig });
  const dispose = async (): Promise<void> => {
    client.close();
    await cluster.stop();
  };
  try {
    await install(cluster, { ...installation, onProgress });
    const gatewayClass = classes[product];
    if (product === 'envoy-gateway') {
      await cluster.apply([{
        apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass', metadata: { name: gatewayClass },
        spec: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' },
      }]);
    }
    await cluster.apply(world(gatewayClass));
    await applyObject(client, httpRoutes, route('first'), { fieldManager: 'bench' });
    onProgress('waiting for the first answer');
    const address = await addressOf(client);
    await untilServed(address, 'first.example.com', readyMs);
    return {
      product, cluster, client, address,
      controlPlane: await podProcesses(client, isController[product]),
      envoy: await podProcesses(client, (pod) => pod.metadata.labels?.['gateway.envoyproxy.io/owning-gateway-name'] === gatewayName),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

const isController: Readonly<Record<Product, (pod: KubeObject) => boolean>> = {
  'moongate': ({ metadata }) => metadata.name.startsWith('moongate-'),
  'envoy-gateway': ({ metadata }) => metadata.name.startsWith('envoy-gateway-'),
};

async function podProcesses(client: KubeClient, isWanted: (pod: KubeObject) => boolean): Promise<Processes> {
  const pods = (await listObjects(client, PODS, { namespace: systemNamespace })).filter((pod) => isWanted(pod) && pod.metadata.deletionTimestamp === undefined);
  if (pods.length === 0) throw new Error(`no Pod in ${systemNamespace} is what was looked for`);
  return processesOf(pods.map(({ metadata }) => metadata.uid ?? ''));
}

async function addressOf(client: KubeClient): Promise<string> {
  const end = performance.now() + readyMs;
  while (performance.now() < end) {
    const { status } = await getObject(client, gateways, { namespace, name: gatewayName });
    const [address] = (status as { readonly addresses?: readonly { readonly value: string }[] } | undefined)?.addresses ?? [];
    if (address !== undefined) return address.value;
    await sleep(200);
  }
  throw new Error(`the Gateway got no address within ${readyMs / 1000} s`);
}
