import { systemTiming, type Timing } from '../kube/timing.ts';
import type { Changes } from '../reactive/collection.ts';
import type { Log } from '../util/log.ts';
import { Agenda } from './agenda.ts';
import { failureOf, type Failure } from './failure.ts';
import { paceAfterWrite, type PaceBounds } from './pace.ts';
import type { Fields } from './plan/fields.ts';
import { merge, type MergeContext } from './plan/merge.ts';
import { statusPatch } from './plan/patch.ts';
import { Queue } from './queue.ts';
import { mendAt, noteMended } from './rivalry.ts';
import type { StatusApi } from './status-api.ts';
import { StatusLog } from './status-log.ts';
import { forgetObject, isOutdated, isUndone, newSubject, plannedStatus, type Subject } from './subject.ts';
import { Trouble } from './trouble.ts';
import type { ObservedStatus, WantedStatus } from './wanted-status.ts';

/** One request that was to write a status. */
export interface StatusWrite {
  readonly kind: string;
  readonly outcome: 'written' | Failure;
  readonly durationMs: number;
}

export interface StatusWriterOptions {
  readonly api: StatusApi;
  /** List entries under any of these names are ours. */
  readonly controllerNames: readonly string[];
  /** What the API server was last heard to have; undefined: no such object. */
  readonly observed: (kind: string, key: string) => ObservedStatus | undefined;
  readonly log: Log;
  /** For metrics. */
  readonly onWrite?: (write: StatusWrite) => void;
  /** Requests under way at a time. */
  readonly maxRequests?: number;
  readonly pace?: PaceBounds;
  readonly timing?: Timing;
  /** The time of day, for lastTransitionTime. */
  readonly date?: () => Date;
}

/** A write to be made. */
interface Work {
  readonly observed: ObservedStatus;
  readonly next: Fields;
  /** Not before this time, on the steady clock. */
  readonly at: number;
}

const paceDefaults: PaceBounds = { firstMs: 100, maxMs: 1_000 };
const MAX_REQUESTS = 32;
/** Objects looked at in one turn of the event loop, some 10 µs each: a new leader has all of them to look at. */
const TURN = 500;

/**
 * Brings the statuses of objects to what is wanted of them, while it is told to write.
 *
 *     want, observedChanged ─► dirty ─► plan ─► nothing to write
 *                                        ├────► agenda (pace, back-off) ─┐
 *                                        └────► queue ◄──────────────────┘
 *                                                 └─► at most 32 requests ─► answer ─► plan again
 *
 * Nobody waits for it. It needs no order: at any time it can look at an object, at what is wanted and at what is there.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #timing: Timing;
  readonly #log: StatusLog;
  readonly #subjects = new Map<string, Subject>();
  readonly #dirty = new Set<Subject>();
  readonly #agenda: Agenda<Subject>;
  readonly #queue = new Queue<Subject>();
  readonly #requests = new Set<Promise<void>>();
  readonly #trouble: Trouble;
  readonly #life = new AbortController();
  #term: AbortController | undefined;
  #flushing = false;

  /** Writes nothing before `setWriting(true)`. */
  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#timing = options.timing ?? systemTiming;
    this.#log = new StatusLog(options.log);
    this.#trouble = new Trouble({ timing: this.#timing, log: this.#log, signal: this.#life.signal, onPauseOver: () => this.#pump() });
    this.#agenda = new Agenda(this.#timing, (due) => {
      for (const subject of due) this.#review(subject);
      this.#pump();
    });
  }

  /** Objects that wait for a write or are being written. */
  get pending(): number {
    return this.#dirty.size + this.#agenda.size + this.#queue.size + this.#requests.size;
  }

  /** Takes the changes of a collection of wanted statuses. Several collections may have statuses for one kind, but not for one object at a time. */
  want(changes: Changes<WantedStatus>): void {
    for (const { before, after } of changes.values()) {
      const named = after ?? before;
      if (named === undefined) continue;
      const subject = this.#subject(named.kind, named.key);
      if (after !== undefined) subject.wanted = after;
      // An object that passed from one collection to another was perhaps set by the other one already.
      else if (subject.wanted === before) subject.wanted = undefined;
      this.#touch(subject);
    }
  }

  /**
   * What is observed of an object changed: it appeared, its status or resourceVersion is another, or it is gone.
   * It has to be said of every object, wanted or not: that is how entries of ours that nobody wants any more are found.
   */
  observedChanged(kind: string, key: string): void {
    this.#touch(this.#subject(kind, key));
  }

  /** Says whether we are the one who writes. Beginning to compares every object once; ceasing to breaks off what is under way. */
  setWriting(writing: boolean): void {
    if (writing === (this.#term !== undefined) || this.#life.signal.aborted) return;
    if (writing) {
      this.#term = new AbortController();
      this.#trouble.retry();
      for (const subject of this.#subjects.values()) this.#touch(subject);
    } else {
      this.#term?.abort();
      this.#term = undefined;
      this.#queue.clear();
      this.#agenda.clear();
      for (const subject of this.#subjects.values()) forgetObject(subject);
    }
  }

  /** Writes no more. Fulfilled when no request is under way. */
  async stop(): Promise<void> {
    this.setWriting(false);
    this.#life.abort();
    await Promise.all(this.#requests);
  }

  #subject(kind: string, key: string): Subject {
    const id = `${kind}/${key}`;
    let subject = this.#subjects.get(id);
    if (subject === undefined) {
      subject = newSubject(kind, key);
      this.#subjects.set(id, subject);
    }
    return subject;
  }

  #touch(subject: Subject): void {
    this.#dirty.add(subject);
    if (this.#flushing) return;
    this.#flushing = true;
    // In the next turn: what is wanted and what is observed mostly change together.
    void this.#timing.sleep(0, this.#life.signal).then(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#life.signal.aborted) return this.#dirty.clear();
    let left = TURN;
    for (const subject of this.#dirty) {
      if (left-- === 0) {
        this.#touch(subject);
        break;
      }
      this.#dirty.delete(subject);
      this.#review(subject);
    }
    this.#pump();
  }

  /** Decides what happens to an object: nothing, something now, or something later. */
  #review(subject: Subject): void {
    // The answer brings it back here.
    if (subject.busy) return;
    const work = this.#work(subject);
    if (work === undefined) {
      this.#queue.delete(subject);
      this.#agenda.delete(subject);
    } else if (work.at > this.#timing.now()) {
      this.#queue.delete(subject);
      this.#agenda.set(subject, work.at);
    } else {
      // Where it is in the queue already, it keeps its place.
      this.#queue.add(subject);
      this.#agenda.delete(subject);
    }
  }

  /** What is to be written, if anything, and when. */
  #work(subject: Subject): Work | undefined {
    const { kind, key, belief } = subject;
    const observed = belief.of(this.#options.observed(kind, key));
    if (observed === undefined) {
      forgetObject(subject);
      if (subject.wanted === undefined) this.#subjects.delete(`${kind}/${key}`);
      return undefined;
    }
    const next = this.#term === undefined ? undefined : this.#plan(subject, observed);
    return next === undefined ? undefined : { observed, next, at: this.#earliest(subject, observed) };
  }

  #earliest(subject: Subject, observed: ObservedStatus): number {
    return Math.max(
      subject.pace?.nextAt ?? 0,
      this.#trouble.until(subject),
      isOutdated(subject, observed) ? (subject.outdated?.lookAt ?? 0) : 0,
      isUndone(subject, observed) ? mendAt(subject, this.#timing.random()) : 0,
    );
  }

  #pump(): void {
    const limit = this.#trouble.limit(this.#options.maxRequests ?? MAX_REQUESTS);
    while (this.#term !== undefined && this.#requests.size < limit) {
      const subject = this.#queue.take();
      if (subject === undefined) return;
      this.#start(subject, this.#term.signal);
    }
  }

  /** Time has passed in the queue: what is to be done is decided here. */
  #start(subject: Subject, signal: AbortSignal): void {
    const work = this.#work(subject);
    if (work === undefined) return;
    if (work.at > this.#timing.now()) return this.#agenda.set(subject, work.at);
    subject.busy = true;
    const done = isOutdated(subject, work.observed) ? this.#look(subject, work.observed, signal) : this.#write(subject, work, signal);
    const request = done.then(() => {
      this.#requests.delete(request);
      subject.busy = false;
      this.#review(subject);
      this.#pump();
    });
    this.#requests.add(request);
  }

  async #write(subject: Subject, { observed, next }: Work, signal: AbortSignal): Promise<void> {
    const { kind, key, wanted } = subject;
    const seen = this.#options.observed(kind, key)?.resourceVersion ?? '';
    const undone = isUndone(subject, observed);
    const startedAt = this.#timing.now();
    const versions = [observed.resourceVersion, seen] as const;
    try {
      const answer = await this.#options.api.patch({ kind, key, apiVersion: observed.apiVersion }, statusPatch(observed, next), signal);
      this.#report(kind, 'written', startedAt);
      if (signal.aborted) return;
      const now = this.#timing.now();
      this.#trouble.overcome(subject);
      if (undone && noteMended(subject, now)) this.#log.rivals(subject, this.#options.controllerNames);
      subject.belief.adopt(answer, versions, this.#options.observed(kind, key));
      subject.written = { wanted, resourceVersion: answer.resourceVersion, at: now };
      subject.pace = paceAfterWrite(subject.pace, now, this.#options.pace ?? paceDefaults);
      if (merge(kind, { observed: answer.status, wanted: wanted?.status }, this.#context()) !== undefined) {
        subject.settled = { wanted, status: answer.status };
        this.#log.drops(subject);
      }
    } catch (error) {
      if (signal.aborted) return;
      const failure = failureOf(error);
      this.#report(kind, failure, startedAt);
      this.#trouble.failed(subject, { failure, error, startedAt, wanted, versions });
    }
  }

  /** Asks for the version that a write met with. */
  async #look(subject: Subject, { apiVersion, resourceVersion }: ObservedStatus, signal: AbortSignal): Promise<void> {
    const { kind, key, wanted, outdated } = subject;
    const startedAt = this.#timing.now();
    try {
      const answer = await this.#options.api.get({ kind, key, apiVersion }, signal);
      if (signal.aborted) return;
      subject.belief.adopt(answer, outdated?.versions ?? [], this.#options.observed(kind, key));
      subject.outdated = undefined;
    } catch (error) {
      if (!signal.aborted) this.#trouble.failed(subject, { failure: failureOf(error), error, startedAt, wanted, versions: [resourceVersion] });
    }
  }

  /** What is to be written. A bug in planning costs the object, not the process. */
  #plan(subject: Subject, observed: ObservedStatus): Fields | undefined {
    try {
      return plannedStatus(subject, observed, this.#context());
    } catch (error) {
      subject.hopeless = { wanted: subject.wanted, resourceVersion: observed.resourceVersion };
      this.#log.bug(subject, error);
      return undefined;
    }
  }

  #context(): MergeContext {
    return { controllerNames: this.#options.controllerNames, now: this.#options.date?.() ?? new Date() };
  }

  #report(kind: string, outcome: StatusWrite['outcome'], startedAt: number): void {
    this.#options.onWrite?.({ kind, outcome, durationMs: this.#timing.now() - startedAt });
  }
}
