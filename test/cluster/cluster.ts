import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { signalProcess } from '../../src/infra/host/process-identity.ts';
import { startControlPlane } from './control-plane/control-plane.ts';
import type { ControlPlane } from './control-plane/control-plane.ts';
import { images as catalog } from './images/catalog.ts';
import type { ImageSource } from './images/catalog.ts';
import { ensureStore } from './images/store.ts';
import { coreDnsObjects } from './install/core-dns.ts';
import { allocate, waitForEnd } from './lifetime/allocation.ts';
import { eventually } from './lifetime/eventually.ts';
import type { ClusterState } from './lifetime/state.ts';
import { prepareNode } from './node/node.ts';
import type { ClusterNode } from './node/node.ts';
import { maxNodes } from './network/address-plan.ts';
import type { AddressPlan } from './network/address-plan.ts';
import { createNetwork } from './network/network.ts';
import type { Network } from './network/network.ts';
import { ensureInotify } from './tools/inotify.ts';
import { ensurePackages } from './tools/packages.ts';
import { ensureTools } from './tools/ensure.ts';
import type { Progress } from './tools/ensure.ts';
import { containerd, etcd, helm, kubernetes } from './tools/recipes.ts';
import type { Recipe } from './tools/recipe.ts';
import { run } from './tools/run.ts';

/** What kind of cluster to start. */
export interface ClusterOptions {
  /** The labels of each node; one node without labels unless given. */
  readonly nodes?: readonly Readonly<Record<string, string>>[];
  /** Images beside those of the cluster itself and the echo server's. Every node has them when the cluster is started. */
  readonly images?: readonly ImageSource[];
  /** More arguments for the API server. */
  readonly apiServerArgs?: readonly string[];
  /** Further archives (docker-archive or OCI tars), by path. */
  readonly archives?: readonly string[];
  readonly onProgress?: Progress;
  /** Ends the start, and takes down what was started. */
  readonly signal?: AbortSignal;
}

/** A Kubernetes cluster that runs on this machine. */
export interface Cluster {
  readonly plan: AddressPlan;
  /** Folder with its logs and configuration; it goes with the cluster. */
  readonly dir: string;
  /** Path of a kubeconfig for the administrator. */
  readonly kubeconfig: string;
  readonly controlPlane: ControlPlane;
  readonly machines: Network;
  readonly nodes: readonly ClusterNode[];
  /** What programs that talk to the cluster need in their environment: KUBECONFIG, and kubectl and helm on PATH. */
  readonly env: Readonly<Record<string, string>>;
  /** Folder of kubectl, helm and the rest, which is on PATH in `env`. */
  readonly toolPath: string;
  /** Runs kubectl and answers what it printed; throws with what it said otherwise. */
  kubectl(args: readonly string[], options?: { readonly input?: string; readonly timeout?: number }): Promise<string>;
  /** Applies objects on the server side, as one document list. */
  apply(objects: readonly object[]): Promise<void>;
  /** Lets the cluster outlive this process. */
  detach(): Promise<void>;
  /** Takes the cluster down; resolves when nothing of it is left. */
  stop(): Promise<void>;
}

/** A cold start on a machine that is busy with other things. */
const readyMs = 180_000;

/**
 * Starts a cluster. Whatever way this process ends, the cluster ends with it, unless it is detached.
 * Throws a MissingError when this machine lacks root, Linux or packages, otherwise with the words of what did not start.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { nodes: labels = [{}], onProgress = () => {}, signal } = options;
  if (labels.length === 0 || labels.length > maxNodes) throw new RangeError(`a cluster has 1 to ${maxNodes} nodes, not ${labels.length}`);
  await ensurePackages(onProgress);
  await ensureInotify();
  const recipes: readonly Recipe[] = [etcd, ...Object.values(kubernetes), containerd, helm];
  const folders = await ensureTools(recipes, onProgress);
  const program = (name: string): string => join(folderOf(name, recipes, folders), name);
  const archives = [...(await makeImages([catalog.pause, catalog.coreDns, catalog.echo, ...(options.images ?? [])], onProgress)), ...(options.archives ?? [])];
  const store = await ensureStore(archives, { program, onProgress });
  signal?.throwIfAborted();

  const names = labels.map((_, index) => `node-${index + 1}`);
  const allocation = await allocate(names, onProgress);
  const { plan, dir } = allocation;
  onProgress(`starting cluster ${plan.slot} (${names.length === 1 ? 'one node' : `${names.length} nodes`})`);
  try {
    await mkdir(join(dir, 'logs'), { recursive: true });
    const network = await createNetwork(plan, names);
    const preparing = Promise.all(network.nodes.map((machine, index) => prepareNode({ plan, index, machine, labels: labels[index] ?? {}, clusterDir: dir, store, program })));
    const [controlPlane, nodes] = await Promise.all([startControlPlane({ plan, dir, machine: network.controlPlane, program, apiServerArgs: options.apiServerArgs ?? [] }), preparing]);
    signal?.throwIfAborted();
    allocation.serve();
    const { kubeconfig, certificates } = controlPlane;
    const toolPath = join(dir, 'bin');
    await mkdir(toolPath);
    for (const name of recipes.flatMap(({ programs }) => Object.keys(programs))) await symlink(program(name), join(toolPath, name));
    const helmHome = join(dir, 'helm');
    const env = {
      KUBECONFIG: kubeconfig, PATH: `${toolPath}:${process.env['PATH'] ?? ''}`,
      HELM_CACHE_HOME: helmHome, HELM_CONFIG_HOME: helmHome, HELM_DATA_HOME: helmHome,
    };
    const kubectl: Cluster['kubectl'] = (args, { input, timeout } = {}) =>
      run(program('kubectl'), args, { env, ...(input === undefined ? {} : { input }), ...(timeout === undefined ? {} : { timeout }) });
    const cluster: Cluster = {
      plan, dir, kubeconfig, controlPlane, machines: network, nodes, env, toolPath, kubectl,
      apply: async (objects) => {
        await kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) });
      },
      detach: () => allocation.detach(),
      stop: async () => {
        controlPlane.client.close();
        await allocation.release();
      },
    };
    await Promise.all([
      ...nodes.map((node) => node.join({ kubeconfig, clientCa: certificates.ca })),
      cluster.apply(coreDnsObjects(plan)),
    ]);
    await untilReady(cluster, signal);
    return cluster;
  } catch (error) {
    await allocation.release();
    throw error;
  }
}

/** Takes down a cluster that was left running, from any process. */
export async function stopLeftRunning({ slot, keeper }: ClusterState): Promise<void> {
  if (keeper !== undefined) signalProcess(keeper, 'SIGTERM');
  await waitForEnd(slot);
}

function folderOf(program: string, recipes: readonly Recipe[], folders: ReadonlyMap<string, string>): string {
  const recipe = recipes.find(({ programs }) => programs[program] !== undefined);
  const folder = recipe === undefined ? undefined : folders.get(recipe.name);
  if (folder === undefined) throw new Error(`${program} is none of the cluster's tools`);
  return folder;
}

async function makeImages(sources: readonly ImageSource[], onProgress: Progress): Promise<string[]> {
  const made: string[] = [];
  for (const source of sources) made.push(await source(onProgress));
  return made;
}

interface Conditions {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Nodes are Ready, names are answered, and Pods can be created: they need the account `default`. */
async function untilReady({ controlPlane: { client }, nodes }: Cluster, signal: AbortSignal | undefined): Promise<void> {
  const options = { limit: readyMs, ...(signal === undefined ? {} : { signal }) };
  for (const node of nodes) {
    await node.kubelet.until(`${node.name} is Ready`, async () => {
      signal?.throwIfAborted();
      const { status } = await client.send<Conditions>(`/api/v1/nodes/${node.name}`);
      return status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
    }, readyMs);
  }
  await eventually('the account default exists', async () => {
    await client.send('/api/v1/namespaces/default/serviceaccounts/default');
    return true;
  }, options);
  await eventually('CoreDNS is ready on every node', async () => {
    const { status } = await client.send<{ status: { numberReady?: number } }>('/apis/apps/v1/namespaces/kube-system/daemonsets/coredns');
    return status.numberReady === nodes.length;
  }, options);
}
