import { backOffDelay } from '../../kube/back-off.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeMetadata, KubeObject } from '../../kube/object.ts';
import type { Timing } from '../../kube/timing.ts';
import { systemTiming } from '../../kube/timing.ts';
import { createObject, deleteObject, listObjects, mergePatch } from '../../kube/verbs.ts';
import { SERVICES } from '../../kube/well-known.ts';
import { equal } from '../../util/equal.ts';
import { messageOf } from '../../util/error-message.ts';
import type { Log } from '../../util/log.ts';
import { WorkQueue } from './work-queue.ts';

/** A kind whose objects select Pods. */
export interface SelectorKind {
  /** What references of the objects begin with. */
  readonly name: string;
  readonly apiVersion: string;
  /** What the API server calls it: kinds of several groups may have one. */
  readonly kind: string;
  /** A label of the Services, and so of their EndpointSlices: its value is the object's name. */
  readonly label: string;
}

/** An object whose Pods Kubernetes is to list. */
export interface WantedSelector {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly matchLabels: Readonly<Record<string, string>>;
  /** Of the Pods. */
  readonly ports: readonly number[];
}

export interface SelectorServicesOptions {
  readonly client: KubeClient;
  readonly kinds: readonly SelectorKind[];
  /** Why there is no such Service for an object, by its reference; undefined: there is. */
  readonly onFault: (key: string, fault: string | undefined) => void;
  readonly log: Log;
  readonly timing?: Timing;
}

const backOff = { firstMs: 1_000, maxMs: 60_000 };
/** Requests under way at once. */
const concurrency = 4;

/**
 * Keeps a Service for each object that selects Pods, such as an XBackend: Kubernetes lists the Pods of a Service in EndpointSlices, and of nothing
 * else. It is headless, since nobody is to connect to it, its name is nobody's to rely on, and it goes with its object (GEP-4894).
 */
export class SelectorServices {
  readonly #options: SelectorServicesOptions;
  readonly #timing: Timing;
  readonly #queue: WorkQueue;
  readonly #failures = new Map<string, number>();
  #wanted: ReadonlyMap<string, WantedSelector> = new Map();
  #isReconciled = false;
  #mayWrite = false;

  constructor(options: SelectorServicesOptions) {
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

  /** Says which there are to be, by reference of the object (`XBackend/namespace/name`), and which objects have some now. */
  reconcile(wanted: ReadonlyMap<string, WantedSelector>, present: ReadonlySet<string>): void {
    const before = this.#wanted;
    this.#wanted = wanted;
    this.#isReconciled = true;
    this.#queue.permit(this.#mayWrite);
    const changed = [...wanted].filter(([key, selector]) => !present.has(key) || !equal(selector, before.get(key))).map(([key]) => key);
    for (const key of changed) this.#queue.hurry(key);
    this.#queue.add([...changed, ...[...present].filter((key) => !wanted.has(key))]);
  }

  async stop(): Promise<void> {
    await this.#queue.stop();
  }

  async #bringAbout(key: string, signal: AbortSignal): Promise<number | undefined> {
    try {
      await this.#settle(key, signal);
      if (this.#failures.delete(key)) this.#options.onFault(key, undefined);
      return undefined;
    } catch (error) {
      if (signal.aborted) return undefined;
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      const fault = `the Service by which Kubernetes lists the Pods: ${messageOf(error)}`;
      this.#options.log.error({ object: key }, fault);
      this.#options.onFault(key, fault);
      return backOffDelay(backOff, failures, this.#timing.random());
    }
  }

  async #settle(key: string, signal: AbortSignal): Promise<void> {
    const { client, kinds } = this.#options;
    const wanted = this.#wanted.get(key);
    const [kindName, namespace = '', name = ''] = key.split('/');
    const kind = kinds.find(({ name: ours }) => ours === kindName);
    if (kind === undefined) return;
    const { label } = kind;
    const ownerOf = (service: KubeObject): string | undefined => uidOfOwner(service, kind);
    // Asked anew each time: a watch that lags would have a second one made.
    const found = await listObjects(client, SERVICES, { namespace, labelSelector: `${label}=${name}`, signal });
    const [own, ...others] = found.filter((service) => ownerOf(service) !== undefined).toSorted((a, b) => Number(ownerOf(b) === wanted?.uid) - Number(ownerOf(a) === wanted?.uid));
    const keeps = wanted !== undefined && own !== undefined && ownerOf(own) === wanted.uid;
    for (const { metadata } of keeps ? others : [own, ...others].filter((service) => service !== undefined)) {
      await deleteObject(client, SERVICES, { namespace, name: metadata.name }, { uid: metadata.uid, signal });
    }
    if (wanted === undefined) return;
    if (!keeps) await createObject(client, SERVICES, serviceFor(wanted, kind), { signal });
    else if (!fits(own, wanted)) await mergePatch(client, SERVICES, { namespace, name: own.metadata.name }, { spec: changed(own, wanted) }, { signal });
  }
}

/** The object of a kind that a Service was made for: its uid. A user's own Service may carry the label, too. */
export function uidOfOwner({ metadata }: { readonly metadata: Pick<KubeMetadata, 'ownerReferences'> }, of: Pick<SelectorKind, 'apiVersion' | 'kind'>): string | undefined {
  return metadata.ownerReferences?.find(({ apiVersion, kind, controller }) => kind === of.kind && groupOf(apiVersion) === groupOf(of.apiVersion) && controller === true)?.uid;
}

function groupOf(apiVersion: string): string {
  return apiVersion.slice(0, apiVersion.indexOf('/'));
}

function serviceFor(wanted: WantedSelector, { apiVersion, kind, label }: SelectorKind): { readonly metadata: KubeMetadata; readonly spec: object } {
  const { namespace, name, uid } = wanted;
  const generated = {
    generateName: `${kind.toLowerCase()}-`,
    namespace,
    labels: { [label]: name },
    ownerReferences: [{ apiVersion, kind, name, uid, controller: true }],
  };
  // The API server makes the name.
  return { metadata: generated as Omit<KubeMetadata, 'name'> as KubeMetadata, spec: { clusterIP: 'None', ...specOf(wanted) } };
}

interface ServiceSpec {
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports?: readonly { readonly name?: string; readonly port: number; readonly targetPort?: number | string; readonly protocol?: string }[];
}

/** Several ports need names. */
function specOf({ matchLabels, ports }: WantedSelector): ServiceSpec {
  return { selector: matchLabels, ports: ports.map((port) => ({ ...(ports.length > 1 && { name: `p${port}` }), port, targetPort: port, protocol: 'TCP' })) };
}

function fits({ spec }: KubeObject, wanted: WantedSelector): boolean {
  const { selector, ports = [] } = spec as ServiceSpec;
  return equal(selector, wanted.matchLabels) && equal(ports.map(({ port, targetPort }) => [port, targetPort]), wanted.ports.map((port) => [port, port]));
}

/** A merge patch leaves what it does not name. */
function changed({ spec }: KubeObject, wanted: WantedSelector): object {
  const gone = Object.keys((spec as ServiceSpec).selector ?? {}).map((key) => [key, null]);
  return { ...specOf(wanted), selector: { ...Object.fromEntries(gone), ...wanted.matchLabels } };
}
