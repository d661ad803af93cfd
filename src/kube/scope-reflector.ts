import { backOffDelay } from './back-off.ts';
import type { BackOff } from './back-off.ts';
import type { KubeClient } from './client.ts';
import { isExpired, isForbidden, isNotFound, KubeError } from './kube-error.ts';
import { KnownObjects } from './known-objects.ts';
import type { KubeObject } from './object.ts';
import { isOlderVersion } from './resource-version.ts';
import type { ReflectorChanges, ReflectorState } from './reflector-state.ts';
import type { KubeResource } from './resource.ts';
import type { Timing } from './timing.ts';
import { listPage } from './verbs.ts';
import { openWatch } from './watch.ts';
import { messageOf } from '../util/error-message.ts';

/** A resource in the version that the API server serves best, or in a likely one when discovery knows of none. */
export interface Located {
  readonly resource: KubeResource;
  readonly served: boolean;
}

export type Locate = () => Promise<Located>;

export interface ScopeReflectorOptions {
  readonly client: KubeClient;
  readonly locate: Locate;
  /** All namespaces when undefined. */
  readonly namespace: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** What the consumer knows already, key → resource version. */
  readonly known: Iterable<readonly [string, string]>;
  /** Hears of differences; nothing more is read until it has taken them. Not called after `stop`. */
  readonly onChange: (changes: ReflectorChanges<KubeObject>) => void | Promise<void>;
  readonly onState: (state: ReflectorState) => void;
  /** The first list is complete, or it is certain that there is nothing to list. Called once. */
  readonly onSynced: () => void;
  /** Hears what was thrown that is no `KubeError`. */
  readonly onBug: (error: unknown) => void;
  readonly timing: Timing;
}

/** Objects in one answer of a list. */
const PAGE = 500;
/** A watch lives this long (s), and up to twice as long: chance spreads the renewals. */
const WATCH_SECONDS = 300;
/** A watch that lived shorter than this and told nothing counts as a failure, lest a server that ends each at once is asked without pause. */
const SHORT_MS = 1000;
const ABSENT_POLL_MS = 1500;
/** How long a resource whose objects are known has to be missing before they count as deleted, in milliseconds. */
const ABSENT_CONFIRM_MS = 1000;
/** How long it has to be forbidden before that counts as the answer, in milliseconds. */
const DENIED_CONFIRM_MS = 2000;
/** After so many refusals of an overloaded server everything is read again. */
const RELIST_AFTER = 3;
const failureBackOff: BackOff = { firstMs: 100, maxMs: 5000 };
const deniedBackOff: BackOff = { firstMs: 1000, maxMs: 30_000 };

/**
 * One collection in one scope: lists, then watches, and starts over as needed until it is stopped.
 *
 *                ┌───── ended, cut once ─────┐
 *                ▼                           │
 *     list ──► watch at a resource version ──┘
 *      ▲            │ 410; the server was away or in trouble; 403, 404
 *      └────────────┘
 *
 * After a server was away everything is listed, even if the version would still do: it may come back from a backup, with another
 * history under the same numbers, and a watch would then wait in silence until the numbers are reached.
 */
export class ScopeReflector {
  readonly #options: ScopeReflectorOptions;
  readonly #abort = new AbortController();
  readonly #known: KnownObjects;
  #state: ReflectorState = { kind: 'listing' };
  #synced = false;
  #located: Located | undefined;
  /** Where a watch may begin; undefined when only a list helps. */
  #position: string | undefined;
  /** The newest version that was heard of. */
  #newest: string | undefined;
  #failures = 0;
  #expired = 0;
  #missingSince: number | undefined;
  #deniedSince: number | undefined;

  constructor(options: ScopeReflectorOptions) {
    this.#options = options;
    this.#known = new KnownObjects(options.known);
  }

  get state(): ReflectorState {
    return this.#state;
  }

  get synced(): boolean {
    return this.#synced;
  }

  /** What the consumer was told, key → resource version. */
  get known(): Iterable<[string, string]> {
    return this.#known.entries();
  }

  /** Runs until `stop`; never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        await this.#round();
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof KubeError) await this.#handle(error);
        else await this.#bug(error);
      }
    }
  }

  stop(): void {
    this.#abort.abort();
  }

  async #round(): Promise<void> {
    // Discovery is believed when it names something. That there is nothing only the collection's own 404 says.
    this.#located ??= await this.#options.locate();
    const { resource, served } = this.#located;
    if (!served && this.#state.kind === 'absent') return this.#missing();
    if (this.#position === undefined) {
      if (this.#state.kind === 'watching') this.#setState({ kind: 'listing' });
      this.#position = await this.#list(resource);
      this.#missingSince = undefined;
      this.#deniedSince = undefined;
      if (this.#abort.signal.aborted) return;
      this.#setSynced();
    }
    await this.#watch(resource, this.#position);
  }

  async #list(resource: KubeResource): Promise<string> {
    const { client, namespace, labelSelector, fieldSelector } = this.#options;
    const { signal } = this.#abort;
    // A token can run out again and again on a collection that is large and busy: then it is one large page.
    const limit = this.#expired > 1 ? undefined : PAGE;
    const seen = new Set<string>();
    let token: string | undefined;
    let resourceVersion: string;
    do {
      const page = await listPage(client, resource, { namespace, labelSelector, fieldSelector, limit, continue: token, signal, timeoutMs: 60_000 });
      resourceVersion = page.resourceVersion;
      token = page.continue;
      if (this.#newest !== undefined && isOlderVersion(resourceVersion, this.#newest)) this.#distrust();
      await this.#deliver(() => this.#known.applyPage(page.items, seen));
    } while (token !== undefined && !signal.aborted);
    await this.#deliver(() => this.#known.forgetUnseen(seen));
    this.#expired = 0;
    this.#newest = resourceVersion;
    return resourceVersion;
  }

  /** The server went back in time: the same number may stand for another state of an object. */
  #distrust(): void {
    this.#newest = undefined;
    this.#known.distrust();
  }

  async #watch(resource: KubeResource, resourceVersion: string): Promise<void> {
    const { client, namespace, labelSelector, fieldSelector, timing } = this.#options;
    const { signal } = this.#abort;
    const timeoutSeconds = Math.round(WATCH_SECONDS * (1 + timing.random()));
    const chunks = await openWatch(client, resource, { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds, signal });
    this.#setState({ kind: 'watching' });
    const begun = timing.now();
    let wasCut = false;
    try {
      for await (const chunk of chunks) {
        await this.#deliver(() => this.#known.applyEvents(chunk.events));
        if (signal.aborted) return;
        this.#position = this.#newest = chunk.resourceVersion;
        this.#failures = 0;
      }
    } catch (error) {
      if (!(error instanceof KubeError) || error.code !== 0) throw error;
      wasCut = true;
    }
    if (timing.now() - begun >= SHORT_MS) this.#failures = 0;
    if (wasCut || timing.now() - begun < SHORT_MS) await this.#pause(failureBackOff);
  }

  /** Applies what came in, unless it is too late, and tells the difference. */
  async #deliver(apply: () => ReflectorChanges<KubeObject>): Promise<void> {
    if (this.#abort.signal.aborted) return;
    const changes = apply();
    if (changes.set.length + changes.deleted.length === 0) return;
    try {
      await this.#options.onChange(changes);
    } catch (error) {
      this.#known.distrust(changes.deleted);
      throw error;
    }
  }

  async #handle(error: KubeError): Promise<void> {
    if (isExpired(error)) {
      this.#position = undefined;
      this.#expired++;
      if (this.#expired > 1) await this.#pause(failureBackOff);
      return;
    }
    if (isNotFound(error)) return this.#missing();
    if (isForbidden(error)) return this.#denied(error);
    // An overloaded server is the same as before, and a list costs it more than a watch.
    if (error.code !== 429 || this.#failures >= RELIST_AFTER) this.#position = undefined;
    this.#setRetrying(error.message);
    await this.#pause(failureBackOff, error.retryAfterMs);
  }

  /** The API server does not serve the resource. Its objects are gone with it, if that lasts: a server that just came up may not know yet. */
  async #missing(): Promise<void> {
    const { timing } = this.#options;
    this.#position = undefined;
    this.#located = undefined;
    this.#failures = 0;
    this.#missingSince ??= timing.now();
    if (this.#known.size === 0 || timing.now() - this.#missingSince >= ABSENT_CONFIRM_MS) {
      this.#setState({ kind: 'absent' });
      await this.#deliver(() => this.#known.forgetUnseen(new Set()));
      this.#setSynced();
    }
    await timing.sleep(ABSENT_POLL_MS, this.#abort.signal);
  }

  /** RBAC forbids it. If that lasts, there is nothing to wait for: a server that just came up denies everything until it has read its roles. */
  async #denied(error: KubeError): Promise<void> {
    const now = this.#options.timing.now();
    this.#position = undefined;
    this.#deniedSince ??= now;
    if (now - this.#deniedSince >= DENIED_CONFIRM_MS) {
      this.#setState({ kind: 'denied', message: error.message });
      this.#setSynced();
    } else this.#setRetrying(error.message);
    await this.#pause(deniedBackOff, error.retryAfterMs);
  }

  #setRetrying(message: string): void {
    const since = this.#state.kind === 'retrying' ? this.#state.since : this.#options.timing.now();
    this.#setState({ kind: 'retrying', since, message });
  }

  /** The consumer threw, or we did. */
  async #bug(error: unknown): Promise<void> {
    this.#position = undefined;
    this.#options.onBug(error);
    this.#setRetrying(messageOf(error));
    await this.#pause(failureBackOff);
  }

  async #pause(backOff: BackOff, atLeastMs = 0): Promise<void> {
    const { timing } = this.#options;
    this.#failures++;
    await timing.sleep(Math.max(atLeastMs, backOffDelay(backOff, this.#failures, timing.random())), this.#abort.signal);
  }

  #setState(state: ReflectorState): void {
    if (this.#abort.signal.aborted) return;
    const isSame = state.kind === this.#state.kind;
    this.#state = state;
    if (!isSame) this.#options.onState(state);
  }

  #setSynced(): void {
    if (this.#synced || this.#abort.signal.aborted) return;
    this.#synced = true;
    this.#options.onSynced();
  }
}
