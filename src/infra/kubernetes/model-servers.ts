import { backOffDelay } from '../../kube/back-off.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isNotFound } from '../../kube/kube-error.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Timing } from '../../kube/timing.ts';
import { systemTiming } from '../../kube/timing.ts';
import { applyObject, getObject, type KubeInput } from '../../kube/verbs.ts';
import { DEPLOYMENTS } from '../../kube/well-known.ts';
import { equal } from '../../util/equal.ts';
import { messageOf } from '../../util/error-message.ts';
import type { Log } from '../../util/log.ts';
import { WorkQueue } from './work-queue.ts';
import { availableReplicas, workloadProblem } from './workload-status.ts';

/** The model servers that an InferencePool asks for. */
export interface WantedModelServers {
  readonly namespace: string;
  /** Of the pool, and of the Deployment. */
  readonly name: string;
  /** Of the pool. */
  readonly uid: string;
  readonly replicas: number;
  readonly template: { readonly metadata?: { readonly labels?: Labels; readonly annotations?: Labels }; readonly spec: PodSpec };
}

/** How far the model servers of a pool have come. */
export type ModelServersState =
  | { readonly kind: 'deployed'; readonly available: number; readonly wanted: number; /** Why Pods do not come, where Kubernetes says so. */ readonly problem?: string }
  | { readonly kind: 'failed'; readonly message: string };

export interface ModelServersOptions {
  readonly client: KubeClient;
  /** What owns the Deployments. */
  readonly owner: { readonly apiVersion: string; readonly kind: string };
  /** The Pods have it, with the name of the pool. */
  readonly label: string;
  /** Told of changes, by `namespace/name` of the pool; undefined: nobody wants any. */
  readonly onState: (key: string, state: ModelServersState | undefined) => void;
  readonly log: Log;
  readonly timing?: Timing;
}

type Labels = Readonly<Record<string, string>>;

/** What is looked at of a PodSpec; the rest is handed on as it is. */
interface PodSpec {
  readonly containers: readonly object[];
}

const fieldManager = 'moongate-model-servers';
const backOff = { firstMs: 1_000, maxMs: 60_000 };
/** Until a Deployment is looked at again, in milliseconds: while Pods are missing, and when all are there. */
const recheckMs = { missing: 3_000, complete: 60_000 };
/** Requests under way at once. */
const concurrency = 4;

/**
 * Keeps a Deployment for each InferencePool that asks for model servers of its own. Kubernetes deletes it with the pool. What somebody changed in
 * it is put right within a minute; a Deployment of the name that is not the pool's is left alone.
 */
export class ModelServers {
  readonly #options: ModelServersOptions;
  readonly #timing: Timing;
  readonly #queue: WorkQueue;
  readonly #failures = new Map<string, number>();
  readonly #states = new Map<string, ModelServersState>();
  #wanted: ReadonlyMap<string, WantedModelServers> = new Map();
  #isReconciled = false;
  #mayWrite = false;

  constructor(options: ModelServersOptions) {
    this.#options = options;
    this.#timing = options.timing ?? systemTiming;
    this.#queue = new WorkQueue({ concurrency, timing: this.#timing, work: (key, signal) => this.#bringAbout(key, signal) });
  }

  /** Whether this replica is the one that writes. */
  setWriting(writing: boolean): void {
    this.#mayWrite = writing;
    this.#queue.permit(writing && this.#isReconciled);
    if (writing) this.#queue.add(this.#wanted.keys());
  }

  /** Says what is wanted, by `namespace/name` of the pool. */
  reconcile(wanted: ReadonlyMap<string, WantedModelServers>): void {
    const before = this.#wanted;
    this.#wanted = wanted;
    this.#isReconciled = true;
    this.#queue.permit(this.#mayWrite);
    const changed = [...new Set([...wanted.keys(), ...before.keys()])].filter((key) => !equal(wanted.get(key), before.get(key)));
    for (const key of changed) this.#queue.hurry(key);
    this.#queue.add(changed);
  }

  async stop(): Promise<void> {
    await this.#queue.stop();
  }

  async #bringAbout(key: string, signal: AbortSignal): Promise<number | undefined> {
    const wanted = this.#wanted.get(key);
    if (wanted === undefined) {
      this.#failures.delete(key);
      this.#tell(key, undefined);
      return undefined;
    }
    try {
      const state = await this.#settle(wanted, signal);
      this.#failures.delete(key);
      this.#tell(key, state);
      return state.kind === 'deployed' && state.available >= state.wanted ? recheckMs.complete : recheckMs.missing;
    } catch (error) {
      if (signal.aborted) return undefined;
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      this.#tell(key, { kind: 'failed', message: `Deployment ${key}: ${messageOf(error)}` });
      return backOffDelay(backOff, failures, this.#timing.random());
    }
  }

  async #settle(wanted: WantedModelServers, signal: AbortSignal): Promise<ModelServersState> {
    const { client, owner } = this.#options;
    const { namespace, name, uid, replicas } = wanted;
    const found = await getObject(client, DEPLOYMENTS, { namespace, name }, { signal }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    // Another uid: that of a pool of the name that is gone, whose Deployment goes too.
    if (found !== undefined && ownerOf(found)?.uid !== uid) return { kind: 'failed', message: `Deployment ${namespace}/${name} is there already, and not that of the pool` };
    const deployment = await applyObject(client, DEPLOYMENTS, deploymentFor(wanted, owner, this.#options.label), { fieldManager, force: true, signal });
    const problem = workloadProblem(deployment);
    return { kind: 'deployed', available: availableReplicas(deployment), wanted: replicas, ...(problem !== undefined && { problem }) };
  }

  #tell(key: string, state: ModelServersState | undefined): void {
    const before = this.#states.get(key);
    if (equal(before, state)) return;
    if (state === undefined) this.#states.delete(key);
    else this.#states.set(key, state);
    if (state?.kind === 'failed') this.#options.log.error({ object: key }, state.message);
    this.#options.onState(key, state);
  }
}

function ownerOf({ metadata }: KubeObject): { readonly uid: string } | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true);
}

function deploymentFor({ namespace, name, uid, replicas, template }: WantedModelServers, owner: ModelServersOptions['owner'], label: string): KubeInput {
  const { labels, annotations } = template.metadata ?? {};
  return {
    metadata: { namespace, name, labels: { [label]: name }, ownerReferences: [{ ...owner, name, uid, controller: true }] },
    spec: {
      replicas,
      selector: { matchLabels: { [label]: name } },
      template: { metadata: { labels: { ...labels, [label]: name }, ...(annotations !== undefined && { annotations }) }, spec: { ...template.spec, containers: template.spec.containers.map(keptImage) } },
    },
  };
}

/** Kubernetes pulls an image called "latest" for each Pod anew unless it is told not to. Those of model servers are tens of gigabytes. */
function keptImage(container: object): object {
  return { imagePullPolicy: 'IfNotPresent', ...container };
}
