import { backOffDelay } from '../../kube/back-off.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { NamespaceScope, ReflectorChanges } from '../../kube/reflector-state.ts';
import { Reflector } from '../../kube/reflector.ts';
import type { KubeResource } from '../../kube/resource.ts';
import { systemTiming } from '../../kube/timing.ts';
import type { Timing } from '../../kube/timing.ts';
import { equal } from '../../util/equal.ts';
import { messageOf } from '../../util/error-message.ts';
import type { Log } from '../../util/log.ts';
import { settleClaims } from './claims.ts';
import type { Claims } from './claims.ts';
import { stateOf } from './infra-state.ts';
import type { ProxyInfraState } from './infra-state.ts';
import { ownSelector } from './labels.ts';
import { LiveObjects } from './live-objects.ts';
import { managedKinds, objectKey } from './managed-kinds.ts';
import { NodeWatch } from './node-watch.ts';
import { objectOf, plan } from './plan.ts';
import type { Step } from './plan.ts';
import { renderProxy } from './render.ts';
import type { RenderedProxy } from './render.ts';
import { takeStep } from './steps.ts';
import type { ProxyEnvironment, WantedProxy } from './wanted-proxy.ts';
import { WorkQueue } from './work-queue.ts';
import { WriteMemory } from './write-memory.ts';

export type { ProxyInfraState } from './infra-state.ts';

export interface ProxyInfraOptions {
  readonly client: KubeClient;
  readonly environment: ProxyEnvironment;
  /** Where proxies' objects may be; by default the controller's namespace, or all with proxies in their Gateways' namespaces. */
  readonly namespaces?: NamespaceScope;
  /** Hears how far each wanted proxy has come; undefined: it is wanted no more. */
  readonly onState: (id: string, state: ProxyInfraState | undefined) => void;
  readonly log: Log;
  /** Proxies that are worked on at the same time. */
  readonly concurrency?: number;
  readonly timing?: Timing;
}

/** After a failure. An object that is edited in the meantime is mended no later than that. */
const backOff = { firstMs: 250, maxMs: 10_000 };
/** Changes in a row that somebody undid each time, until we wait before the next one: two who disagree must not fill the API server's log. */
const patience = 5;
const fightMs = 10_000;

/** How the work on a proxy went so far. */
interface Progress {
  failures: number;
  /** Changes since the wanted objects changed, or since there was peace. */
  changes: number;
  /** When the last one was made; undefined: longer ago than matters. */
  changedAt: number | undefined;
  trouble: string | undefined;
}

/**
 * Keeps the proxies' objects at the API server as they are wanted: makes, changes and deletes them, mends what others change, and says how
 * far each proxy has come.
 *
 *     wanted ─► render ─► claims ─┐
 *     reflectors ─► live objects ─┴─► plan ─► steps ─► API server
 *                        └─► states ─► onState
 *
 * Every replica follows the objects; only the one that may write does. Nothing is done before everything was read once, and nothing is written
 * when nothing differs.
 */
export class ProxyInfra {
  readonly #options: ProxyInfraOptions;
  readonly #timing: Timing;
  readonly #reflectors: readonly Reflector[];
  readonly #nodes: NodeWatch;
  readonly #live = new LiveObjects();
  readonly #states = new Map<string, ProxyInfraState>();
  readonly #records = new Map<string, Progress>();
  readonly #queue: WorkQueue;
  readonly #memory: WriteMemory;
  #rendered = new Map<string, { readonly wanted: WantedProxy; readonly result: RenderedProxy }>();
  #claims: Claims = settleClaims(new Map());
  #idle: ReadonlySet<string> = new Set();
  #isReconciled = false;
  #isSynced = false;
  #mayWrite = false;
  #stopped = false;

  constructor(options: ProxyInfraOptions) {
    this.#options = options;
    this.#timing = options.timing ?? systemTiming;
    const { client, environment, log, concurrency = 8 } = options;
    this.#memory = new WriteMemory(() => this.#timing.now());
    this.#queue = new WorkQueue({ concurrency, timing: this.#timing, work: (id, signal) => this.#bringAbout(id, signal) });
    const namespaces = options.namespaces ?? (environment.deploy === 'ControllerNamespace' ? [environment.controllerNamespace] : 'all');
    this.#reflectors = managedKinds.map((resource) => new Reflector({
      client,
      resource,
      namespaces,
      labelSelector: ownSelector(environment),
      onChange: (changes) => this.#onObjects(resource, changes),
      log,
      timing: this.#timing,
    }));
    this.#nodes = new NodeWatch({ client, log, timing: this.#timing, onChange: () => this.#publish(this.#rendered.keys()) });
  }

  start(): void {
    for (const reflector of this.#reflectors) reflector.start();
    void this.whenSynced().then(() => this.#onSynced());
  }

  /** Resolves when all that there is was read once, and told; or after `stop`. */
  async whenSynced(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.whenSynced()));
  }

  /** Ends; what is under way is given up. The proxies stay. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([this.#queue.stop(), ...this.#reflectors.map((reflector) => reflector.stop()), this.#nodes.stop()]);
  }

  /** Whether this replica is the one that writes. */
  setWriting(writing: boolean): void {
    this.#mayWrite = writing;
    this.#permit();
    if (writing) this.#queue.add(this.#all());
  }

  /**
   * Says which proxies there are to be, by id. All others' objects are deleted, but for those of `idle`: proxies that are wanted and have
   * nothing to listen on at the moment keep what they have.
   */
  reconcile(wanted: ReadonlyMap<string, WantedProxy>, idle: ReadonlySet<string> = new Set()): void {
    const claimsBefore = this.#claims;
    const renderedBefore = this.#rendered;
    const rendered = new Map<string, { readonly wanted: WantedProxy; readonly result: RenderedProxy }>();
    for (const [id, proxy] of wanted) {
      const known = renderedBefore.get(id);
      rendered.set(id, known !== undefined && equal(known.wanted, proxy) ? known : { wanted: proxy, result: renderProxy(proxy, this.#options.environment) });
    }
    this.#rendered = rendered;
    this.#claims = settleClaims(new Map([...rendered].map(([id, { result }]) => [id, result])));
    this.#idle = idle;
    this.#isReconciled = true;
    if ([...rendered.values()].some(({ wanted: proxy }) => needsNodes(proxy))) this.#nodes.start();
    const changed = [...new Set([...claimsBefore.objects.keys(), ...this.#all()])].filter(
      (id) => !rendered.has(id) || rendered.get(id) !== renderedBefore.get(id) || isOther(claimsBefore, this.#claims, id),
    );
    for (const id of changed) {
      // What was in the way may be gone with the change.
      const record = this.#records.get(id);
      if (record !== undefined) Object.assign(record, { failures: 0, changes: 0 });
      this.#queue.hurry(id);
    }
    for (const id of [...this.#states.keys()]) if (!rendered.has(id)) this.#retract(id);
    this.#publish(changed);
    this.#permit();
    this.#queue.add(changed);
  }

  #onSynced(): void {
    if (this.#stopped) return;
    this.#isSynced = true;
    this.#publish(this.#rendered.keys());
    this.#permit();
    this.#queue.add(this.#all());
  }

  /** What is not read yet, and what is not said yet, must not be taken for what is not there. */
  #permit(): void {
    this.#queue.permit(this.#mayWrite && this.#isSynced && this.#isReconciled && !this.#stopped);
  }

  /** Proxies that are wanted, and those that have objects. */
  #all(): string[] {
    return [...this.#rendered.keys(), ...this.#live.proxies()];
  }

  #onObjects(resource: KubeResource, { set, deleted }: ReflectorChanges<KubeObject>): void {
    const concerned = new Set<string>();
    for (const object of set) {
      if (this.#memory.isOutrun(object)) continue;
      for (const id of this.#live.set(object)) concerned.add(id);
      const owner = this.#claims.owners.get(objectKey(object));
      if (owner !== undefined) concerned.add(owner);
    }
    for (const name of deleted) {
      const key = `${resource.kind} ${name}`;
      this.#memory.forget(key, this.#live.get(key)?.metadata.uid);
      const owners = [this.#live.delete(key), this.#claims.owners.get(key)];
      for (const id of owners) if (id !== undefined) concerned.add(id);
    }
    this.#publish(concerned);
    this.#queue.add(concerned);
  }

  /** Does what is to be done for a proxy. Resolves to how long it is to be left alone after that. */
  async #bringAbout(id: string, signal: AbortSignal): Promise<number | undefined> {
    if (this.#idle.has(id)) return undefined;
    const record = this.#records.get(id) ?? { failures: 0, changes: 0, changedAt: undefined, trouble: undefined };
    this.#records.set(id, record);
    const steps = this.#plan(id);
    if (steps.length > 0 && record.changes >= patience && this.#isRecent(record)) {
      this.#options.log.warn({ proxy: id, objects: steps.map((step) => objectKey(objectOf(step))) }, 'somebody keeps changing what is changed back each time');
      // The one change that is due then starts another wait, unless there is peace by then.
      record.changedAt = undefined;
      return fightMs;
    }
    const errors: string[] = [];
    // One after another: what is needed first is first. What fails does not keep the others from being done.
    for (const step of steps) {
      if (signal.aborted) return undefined;
      await this.#take(step, id, signal).catch((error: unknown) => errors.push(messageOf(error)));
    }
    if (signal.aborted) return undefined;
    if (steps.length > 0) this.#count(record, errors.length === 0);
    return this.#settle(id, record, errors);
  }

  /** Counts changes that followed each other closely. What failed changed nothing. */
  #count(record: Progress, succeeded: boolean): void {
    const isRow = record.changedAt === undefined || this.#isRecent(record);
    record.changes = !succeeded ? 0 : isRow ? Math.min(record.changes + 1, patience) : 1;
    record.changedAt = this.#timing.now();
  }

  #isRecent({ changedAt }: Progress): boolean {
    return changedAt !== undefined && this.#timing.now() - changedAt < fightMs;
  }

  #plan(id: string): Step[] {
    const faults = this.#rendered.get(id)?.result.faults ?? [];
    // A proxy that cannot have what it asks for keeps what it has.
    if (faults.length > 0) return [];
    return plan({
      wanted: this.#claims.objects.get(id) ?? [],
      stored: this.#storedOf(id).filter((object) => (this.#claims.owners.get(objectKey(object)) ?? id) === id),
      find: (key) => this.#live.get(key),
      isAccepted: (wanted, stored) => this.#memory.isAccepted(wanted, stored),
    });
  }

  async #take(step: Step, id: string, signal: AbortSignal): Promise<void> {
    const { client, environment, log } = this.#options;
    const wanted = this.#rendered.get(id)?.wanted;
    const handsOver = (this.#claims.objects.get(id) ?? []).some((object) => object.kind === 'HorizontalPodAutoscaler' && this.#live.get(objectKey(object)) === undefined);
    const stored = await takeStep(step, { client, environment, wanted, handsOver, log, signal });
    if (stored === undefined || this.#memory.isOvertaken(stored, this.#live.get(objectKey(stored)))) return;
    this.#live.set(stored);
    this.#memory.remember(stored, step.kind === 'apply' ? step.object : undefined);
  }

  #settle(id: string, record: Progress, errors: readonly string[]): number | undefined {
    const trouble = errors.length === 0 ? undefined : errors.join('; ');
    if (trouble !== undefined && trouble !== record.trouble) this.#options.log.error({ proxy: id }, trouble);
    record.failures = trouble === undefined ? 0 : record.failures + 1;
    record.trouble = trouble;
    if (trouble === undefined && !this.#rendered.has(id)) this.#records.delete(id);
    this.#publish([id]);
    return trouble === undefined ? undefined : backOffDelay(backOff, record.failures, this.#timing.random());
  }

  #storedOf(id: string): KubeObject[] {
    return [...this.#live.keysOf(id)].flatMap((key) => this.#live.get(key) ?? []);
  }

  /** Tells the states that changed. */
  #publish(ids: Iterable<string>): void {
    if (!this.#isSynced || !this.#isReconciled) return;
    for (const id of [...ids]) {
      const wanted = this.#rendered.get(id)?.wanted;
      if (wanted === undefined) continue;
      const stored = this.#storedOf(id).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      const state = stateOf({ wanted, stored, trouble: this.#records.get(id)?.trouble, faults: this.#claims.faults.get(id) ?? [], nodes: this.#nodes.addresses });
      if (equal(state, this.#states.get(id))) continue;
      this.#states.set(id, state);
      this.#options.onState(id, state);
    }
  }

  #retract(id: string): void {
    this.#states.delete(id);
    this.#options.onState(id, undefined);
  }
}

function isOther(before: Claims, after: Claims, id: string): boolean {
  return !equal(before.objects.get(id), after.objects.get(id)) || !equal(before.faults.get(id), after.faults.get(id));
}

function needsNodes({ settings, addresses }: WantedProxy): boolean {
  return settings?.provider?.kubernetes?.envoyService?.type === 'NodePort' || addresses.length > 0;
}
