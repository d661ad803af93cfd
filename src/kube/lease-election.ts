import { messageOf } from '../util/error-message.ts';
import type { Log } from '../util/log.ts';
import type { KubeClient } from './client.ts';
import { isConflict, isNotFound } from './kube-error.ts';
import { heldRecord, recordOf, releasedRecord } from './lease-record.ts';
import { kubeLeaseStore } from './lease-store.ts';
import type { LeaseStore } from './lease-store.ts';
import type { KubeObject } from './object.ts';
import { systemTiming } from './timing.ts';
import type { Timing } from './timing.ts';

export interface LeaseElectionOptions {
  readonly client: KubeClient;
  /** Of the Lease. */
  readonly namespace: string;
  readonly name: string;
  /** Who we are; no two processes have the same. */
  readonly identity: string;
  /** How long others wait for a holder that is silent. */
  readonly leaseDurationMs?: number;
  /** After this long without renewal the holder stops being one. Shorter than the lease: in between nobody leads. */
  readonly renewDeadlineMs?: number;
  readonly retryPeriodMs?: number;
  /** We lead until the signal aborts. */
  readonly onStarted: (signal: AbortSignal) => void;
  /** We no longer lead. When we stop of our own accord, the lease is released after what this returns, and a little while at most. */
  readonly onStopped: () => void | Promise<void>;
  readonly log: Log;
  /** Where the Lease is kept: at the client's API server unless given. */
  readonly store?: LeaseStore;
  readonly timing?: Timing;
  /** The time of day, for people who read the Lease. Nothing is decided by it: clocks of machines differ. */
  readonly date?: () => Date;
}

const defaults = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2000 };
/** How long whoever led may take to come to an end before the lease is left to run out. */
const LAST_WORK_MS = 5000;
const REQUEST_MS = 5000;

/**
 * Leader election by a Lease, as client-go does it and together with it.
 *
 * There are never two leaders: a write counts from when it was sent, and its sender stops `renewDeadline` later; others wait for
 * `leaseDuration` from when they saw it, which is not before it was sent. Both are measured by each process' own clock that only goes
 * forward; a write succeeds only on the version that was seen.
 */
export class LeaseElection {
  readonly #options: LeaseElectionOptions & typeof defaults;
  readonly #store: LeaseStore;
  readonly #timing: Timing;
  readonly #date: () => Date;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #lease: KubeObject | undefined;
  /** When the present version of the Lease was first seen. */
  #seenAt = 0;
  /** When the write was sent that made us holder, or kept us so. */
  #renewedAt = -Infinity;
  #term: AbortController | undefined;
  #lastFailure = '';

  constructor(options: LeaseElectionOptions) {
    this.#options = { ...defaults, ...options };
    const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = this.#options;
    if (!(leaseDurationMs > renewDeadlineMs && renewDeadlineMs > 1.2 * retryPeriodMs && retryPeriodMs > 0)) {
      throw new Error(`lease election: leaseDuration (${leaseDurationMs} ms) must be longer than renewDeadline (${renewDeadlineMs} ms), and that longer than 1.2 × retryPeriod (${retryPeriodMs} ms)`);
    }
    this.#store = options.store ?? kubeLeaseStore(options.client, { namespace: options.namespace, name: options.name });
    this.#timing = options.timing ?? systemTiming;
    this.#date = options.date ?? (() => new Date());
  }

  /** Takes part from here on. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Stops leading and taking part; releases the lease. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Whether we lead, at this very moment. */
  get isLeader(): boolean {
    return this.#term !== undefined && !this.#term.signal.aborted && this.#remainingMs() > 0;
  }

  /** The identity of the holder as last seen, whether or not it still is; undefined when there is none. */
  get leader(): string | undefined {
    const holder = this.#lease === undefined ? undefined : recordOf(this.#lease).holderIdentity;
    return holder === null || holder === '' ? undefined : holder;
  }

  async #run(): Promise<void> {
    const { retryPeriodMs } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      if (await this.#attempt(REQUEST_MS)) await this.#lead();
      else await this.#timing.sleep(retryPeriodMs * (1 + 0.2 * this.#timing.random()), signal);
    }
  }

  async #lead(): Promise<void> {
    const { onStarted, onStopped, log, name, identity, retryPeriodMs } = this.#options;
    const { signal } = this.#stopping;
    const term = new AbortController();
    this.#term = term;
    log.info({ lease: name, identity }, 'this replica leads: it writes statuses and infrastructure');
    onStarted(term.signal);
    while (!signal.aborted && this.#remainingMs() > 0) {
      await this.#timing.sleep(Math.min(retryPeriodMs, this.#remainingMs()), signal);
      if (signal.aborted || this.#remainingMs() <= 0) break;
      const isHeld = await this.#attempt(Math.min(REQUEST_MS, this.#remainingMs()));
      if (!isHeld && this.leader !== identity) break;
    }
    term.abort();
    this.#term = undefined;
    log.info({ lease: name, identity, reason: signal.aborted ? 'it stops' : this.#lastFailure }, 'this replica no longer leads');
    const work = Promise.resolve(onStopped()).then(() => true);
    if (!signal.aborted) return void (await work);
    const isDone = await Promise.race([work, this.#timing.sleep(LAST_WORK_MS, new AbortController().signal).then(() => false)]);
    if (isDone) await this.#release();
  }

  #remainingMs(): number {
    return this.#renewedAt + this.#options.renewDeadlineMs - this.#timing.now();
  }

  /** Tries to become or stay the holder. Whatever goes wrong is another try later. */
  async #attempt(timeoutMs: number): Promise<boolean> {
    try {
      const isHeld = (await this.#renewUnseen(timeoutMs)) || (await this.#acquire(timeoutMs));
      if (isHeld) this.#lastFailure = '';
      else this.#fail(`${this.leader ?? 'another'} holds it`);
      return isHeld;
    } catch (error) {
      this.#fail(messageOf(error));
      return false;
    }
  }

  #fail(reason: string): void {
    const { log, name, namespace } = this.#options;
    if (reason !== this.#lastFailure) log.debug({ lease: `${namespace}/${name}`, reason }, 'the lease is not ours');
    this.#lastFailure = reason;
  }

  /** A holder writes on the version that it wrote last, without reading first. */
  async #renewUnseen(timeoutMs: number): Promise<boolean> {
    if (this.#lease === undefined || this.#term === undefined) return false;
    try {
      return await this.#write(this.#lease, timeoutMs);
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return false;
      throw error;
    }
  }

  async #acquire(timeoutMs: number): Promise<boolean> {
    const found = await this.#store.read(timeoutMs);
    if (found?.metadata.resourceVersion !== this.#lease?.metadata.resourceVersion || found === undefined) {
      this.#lease = found;
      this.#seenAt = this.#timing.now();
    }
    if (found !== undefined && this.#isTaken(found)) return false;
    try {
      return await this.#write(found, timeoutMs);
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
  }

  #isTaken(lease: KubeObject): boolean {
    const { holderIdentity, leaseDurationSeconds } = recordOf(lease);
    if (holderIdentity === undefined || holderIdentity === null || holderIdentity === '' || holderIdentity === this.#options.identity) return false;
    return this.#timing.now() - this.#seenAt < (leaseDurationSeconds ?? 0) * 1000;
  }

  async #write(former: KubeObject | undefined, timeoutMs: number): Promise<boolean> {
    const { identity, leaseDurationMs } = this.#options;
    const record = former === undefined ? undefined : recordOf(former);
    const spec = heldRecord(record, { identity, durationMs: leaseDurationMs, now: this.#date() });
    const sentAt = this.#timing.now();
    this.#lease = await this.#store.write(former, spec, timeoutMs);
    this.#seenAt = this.#timing.now();
    this.#renewedAt = sentAt;
    return true;
  }

  async #release(): Promise<void> {
    const { identity, log, name } = this.#options;
    if (this.#lease === undefined || this.leader !== identity) return;
    try {
      this.#lease = await this.#store.write(this.#lease, releasedRecord(recordOf(this.#lease), this.#date()), REQUEST_MS);
    } catch (error) {
      log.debug({ lease: name, reason: messageOf(error) }, 'the lease was not released: it runs out by itself');
    }
  }
}
