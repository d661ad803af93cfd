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
import { contentHash } from '../../util/hash.ts';
import type { Log } from '../../util/log.ts';
import { settleClaims } from './claims.ts';
import type { Claims } from './claims.ts';
import { stateOf } from './infra-state.ts';
import type { ProxyInfraState } from './infra-state.ts';
import { appliedAnnotation, ownSelector } from './labels.ts';
import { LiveObjects } from './live-objects.ts';
import { managedKinds, objectKey } from './managed-kinds.ts';
import { NodeWatch } from './node-watch.ts';
import { plan } from './plan.ts';
import type { Step } from './plan.ts';
import { renderProxy } from './render.ts';
import type { RenderedProxy } from './render.ts';
import { takeStep } from './steps.ts';
import type { ProxyEnvironment, WantedProxy } from './wanted-proxy.ts';

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

/** What is known of the work on a proxy. */
interface Work {
  running: boolean;
  /** Until then nothing is done for it; milliseconds of the clock. */
  notBefore: number;
  failures: number;
  /** Changes since the wanted objects changed, or since there was peace. */
  changes: number;
  changedAt: number;
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
  readonly #work = new Map<string, Work>();
  readonly #dirty = new Set<string>();
  readonly #running = new Set<Promise<void>>();
  /** What the server made of an object that does not look like it: by key, both as hashes. */
  readonly #accepted = new Map<string, string>();
  readonly #stopping = new AbortController();
  #rendered = new Map<string, { readonly wanted: WantedProxy; readonly result: RenderedProxy }>();
  #claims: Claims = settleClaims(new Map());
  #idle: ReadonlySet<string> = new Set();
  #isReconciled = false;
  #isSynced = false;
  /** Aborted when the right to write is lost. */
  #writing: AbortController | undefined;

  constructor(options: ProxyInfraOptions) {
    this.#options = options;
    this.#timing = options.timing ?? systemTiming;
    const { client, environment, log } = options;
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
    void Promise.all(this.#reflectors.map((reflector) => reflector.whenSynced())).then(() => this.#onSynced());
  }

  /** Ends; what is under way is given up. The proxies stay. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#writing?.abort();
    await Promise.all([...this.#reflectors.map((reflector) => reflector.stop()), this.#nodes.stop()]);
    await Promise.all(this.#running);
  }

  /** Whether this replica is the one that writes. */
  setWriting(writing: boolean): void {
    if (writing === (this.#writing !== undefined)) return;
    this.#writing?.abort();
    this.#writing = writing ? new AbortController() : undefined;
    if (writing) this.#touchAll();
  }

  /**
   * Says which proxies there are to be, by id. All others' objects are deleted, but for those of `idle`: proxies that are wanted and have
   * nothing to listen on at the moment keep what they have.
   */
  reconcile(wanted: ReadonlyMap<string, WantedProxy>, idle: ReadonlySet<string> = new Set()): void {
    const before = this.#claims;
    const rendered = new Map<string, { readonly wanted: WantedProxy; readonly result: RenderedProxy }>();
    for (const [id, proxy] of wanted) {
      const known = this.#rendered.get(id);
      rendered.set(id, known !== undefined && equal(known.wanted, proxy) ? known : { wanted: proxy, result: renderProxy(proxy, this.#options.environment) });
    }
    this.#rendered = rendered;
    this.#claims = settleClaims(new Map([...rendered].map(([id, { result }]) => [id, result])));
    this.#idle = idle;
    this.#isReconciled = true;
    if ([...rendered.values()].some(({ wanted: proxy }) => needsNodes(proxy))) this.#nodes.start();
    for (const id of new Set([...before.objects.keys(), ...rendered.keys(), ...this.#live.proxies()])) {
      const isSame = equal(before.objects.get(id), this.#claims.objects.get(id)) && equal(before.faults.get(id), this.#claims.faults.get(id));
      if (isSame && rendered.has(id)) continue;
      // What was in the way may be gone with the change.
      const work = this.#work.get(id);
      if (work !== undefined) Object.assign(work, { notBefore: 0, failures: 0, changes: 0 });
      this.#dirty.add(id);
    }
    for (const id of [...this.#states.keys()]) if (!rendered.has(id)) this.#retract(id);
    this.#publish(rendered.keys());
    this.#pump();
  }

  #onSynced(): void {
    if (this.#stopping.signal.aborted) return;
    this.#isSynced = true;
    this.#publish(this.#rendered.keys());
    this.#touchAll();
  }

  #touchAll(): void {
    for (const id of [...this.#rendered.keys(), ...this.#live.proxies()]) this.#dirty.add(id);
    this.#pump();
  }

  #onObjects(resource: KubeResource, { set, deleted }: ReflectorChanges<KubeObject>): void {
    const concerned = new Set<string>();
    for (const object of set) {
      const known = this.#live.get(objectKey(object));
      // The answer to a write of ours may be further than the watch.
      if (known === undefined || !isOlder(object, known)) this.#remember(object, concerned);
    }
    for (const name of deleted) {
      const key = `${resource.kind} ${name}`;
      const owners = [this.#live.delete(key), this.#claims.owners.get(key)];
      for (const id of owners) if (id !== undefined) concerned.add(id);
    }
    this.#publish(concerned);
    for (const id of concerned) this.#dirty.add(id);
    this.#pump();
  }

  #remember(object: KubeObject, concerned: Set<string>): void {
    for (const id of this.#live.set(object)) concerned.add(id);
    const owner = this.#claims.owners.get(objectKey(object));
    if (owner !== undefined) concerned.add(owner);
  }

  /** Begins as much of the work as may be done now. */
  #pump(): void {
    const { concurrency = 8 } = this.#options;
    if (!this.#isSynced || !this.#isReconciled || this.#writing === undefined) return;
    for (const id of this.#dirty) {
      if (this.#running.size >= concurrency) return;
      const work = this.#workOn(id);
      if (work.running || work.notBefore > this.#timing.now()) continue;
      this.#dirty.delete(id);
      if (this.#idle.has(id)) continue;
      work.running = true;
      const done: Promise<void> = this.#bringAbout(id, work, this.#writing.signal).finally(() => {
        work.running = false;
        this.#running.delete(done);
        if (!this.#rendered.has(id) && this.#live.keysOf(id).size === 0) this.#work.delete(id);
        this.#pump();
      });
      this.#running.add(done);
    }
  }

  #workOn(id: string): Work {
    let work = this.#work.get(id);
    if (work === undefined) {
      work = { running: false, notBefore: 0, failures: 0, changes: 0, changedAt: 0, trouble: undefined };
      this.#work.set(id, work);
    }
    return work;
  }

  async #bringAbout(id: string, work: Work, signal: AbortSignal): Promise<void> {
    const steps = this.#plan(id);
    if (steps.length > 0 && work.changes >= patience && this.#timing.now() - work.changedAt < fightMs) {
      this.#options.log.warn({ proxy: id, objects: steps.map((step) => objectKey(objectOf(step))) }, 'somebody keeps changing what is changed back each time');
      // The one change that is due then starts another wait, unless there is peace by then.
      work.changedAt = 0;
      return this.#later(id, work, { waitMs: fightMs, signal });
    }
    const errors: string[] = [];
    // One after another: what is needed first is first. What fails does not keep the others from being done.
    for (const step of steps) {
      if (signal.aborted) return;
      await this.#take(step, id, signal).catch((error: unknown) => errors.push(messageOf(error)));
    }
    if (signal.aborted) return;
    if (steps.length > 0) this.#count(work, errors.length === 0);
    this.#settle(id, work, errors, signal);
  }

  /** Counts changes that followed each other closely. What failed changed nothing. */
  #count(work: Work, succeeded: boolean): void {
    const now = this.#timing.now();
    if (!succeeded) work.changes = 0;
    else work.changes = work.changedAt === 0 || now - work.changedAt < fightMs ? Math.min(work.changes + 1, patience) : 1;
    work.changedAt = now;
  }

  #plan(id: string): Step[] {
    const faults = this.#rendered.get(id)?.result.faults ?? [];
    // A proxy that cannot have what it asks for keeps what it has.
    if (faults.length > 0) return [];
    return plan({
      wanted: this.#claims.objects.get(id) ?? [],
      stored: this.#storedOf(id).filter((object) => (this.#claims.owners.get(objectKey(object)) ?? id) === id),
      find: (key) => this.#live.get(key),
      isAccepted: (wanted, stored) => this.#accepted.get(objectKey(wanted)) === likeness(wanted, stored),
    });
  }

  async #take(step: Step, id: string, signal: AbortSignal): Promise<void> {
    const { client, environment, log } = this.#options;
    const wanted = this.#rendered.get(id)?.wanted;
    const handsOver = (this.#claims.objects.get(id) ?? []).some((object) => object.kind === 'HorizontalPodAutoscaler' && this.#live.get(objectKey(object)) === undefined);
    const stored = await takeStep(step, { client, environment, wanted, handsOver, log, signal });
    if (stored === undefined) return;
    const known = this.#live.get(objectKey(stored));
    if (known === undefined || !isOlder(stored, known)) this.#live.set(stored);
    if (step.kind === 'apply') this.#accepted.set(objectKey(step.object), likeness(step.object, stored));
    else this.#accepted.delete(objectKey(step.stored));
  }

  #settle(id: string, work: Work, errors: readonly string[], signal: AbortSignal): void {
    const trouble = errors.length === 0 ? undefined : errors.join('; ');
    if (trouble === undefined) work.failures = 0;
    else {
      if (trouble !== work.trouble) this.#options.log.error({ proxy: id }, trouble);
      work.failures += 1;
      this.#later(id, work, { waitMs: backOffDelay(backOff, work.failures, this.#timing.random()), signal });
    }
    work.trouble = trouble;
    this.#publish([id]);
  }

  #later(id: string, work: Work, { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal }): void {
    work.notBefore = this.#timing.now() + waitMs;
    this.#dirty.add(id);
    void this.#timing.sleep(waitMs, signal).then(() => this.#pump());
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
      const faults = this.#claims.faults.get(id);
      const trouble = faults === undefined ? this.#work.get(id)?.trouble : `EnvoyProxy: ${faults.join('; ')}`;
      const stored = this.#storedOf(id).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      const state = stateOf({ wanted, stored, trouble, nodes: this.#nodes.addresses });
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

function objectOf(step: Step): KubeObject {
  return step.kind === 'apply' ? step.object : step.stored;
}

/** Resource versions of one object are numbers that grow (Kubernetes guarantees it since 1.35). */
function isOlder(object: KubeObject, than: KubeObject): boolean {
  return object.metadata.uid === than.metadata.uid && Number(object.metadata.resourceVersion) < Number(than.metadata.resourceVersion);
}

/** What was wanted and what is stored, but for what changes by itself. */
function likeness(wanted: KubeObject, stored: KubeObject): string {
  const { status: _status, metadata, ...rest } = stored;
  const { labels, annotations, ownerReferences } = metadata;
  return `${wanted.metadata.annotations?.[appliedAnnotation]} ${contentHash(JSON.stringify([rest, labels, annotations, ownerReferences]))}`;
}

function needsNodes({ settings, addresses }: WantedProxy): boolean {
  return settings?.provider?.kubernetes?.envoyService?.type === 'NodePort' || addresses.length > 0;
}
