import { backOffDelay, type BackOff } from '../kube/back-off.ts';
import type { Timing } from '../kube/timing.ts';
import { Denials } from './denials.ts';
import type { Failure } from './failure.ts';
import { Outage } from './outage.ts';
import type { StatusLog } from './status-log.ts';
import type { Subject } from './subject.ts';
import type { WantedStatus } from './wanted-status.ts';

/** After conflicts in a row. Milliseconds, as all of these. */
const CONFLICT: BackOff = { firstMs: 20, maxMs: 1_000 };
/** So many conflicts in a row are answered by a look and another write at once. */
const QUICK_LOOKS = 16;
/** After failures in a row of one object. */
const FAILURE: BackOff = { firstMs: 500, maxMs: 30_000 };
/** After a conflict, how long the watch has to bring the version that we met with before the API server is asked for it. */
const LOOK_AFTER_MS = 200;

/** A request that failed. */
export interface FailedRequest {
  readonly failure: Failure;
  readonly error: unknown;
  readonly startedAt: number;
  /** What was wanted when the request was sent. */
  readonly wanted: WantedStatus | undefined;
  /** The version that was written upon, and others that are older than the one in the way. */
  readonly versions: readonly [string, ...string[]];
}

export interface TroubleOptions {
  readonly timing: Timing;
  readonly log: StatusLog;
  /** The pause of an outage is over: one request may find out. */
  readonly onPauseOver: () => void;
  /** Ends pauses. */
  readonly signal: AbortSignal;
}

/** What becomes of writes that fail: nothing is lost, nothing is tried in vain, and nobody hears of it twice. */
export class Trouble {
  readonly #options: TroubleOptions;
  readonly #denials = new Denials();
  readonly #outage = new Outage();

  constructor(options: TroubleOptions) {
    this.#options = options;
  }

  /** Time before which a write of the object is pointless. */
  until(subject: Subject): number {
    return Math.max(subject.notBefore, this.#denials.until(subject));
  }

  /** How many requests may be under way, where `max` may in good times. */
  limit(max: number): number {
    return this.#outage.limit(max);
  }

  /** Another term, another attempt at what RBAC forbade. */
  retry(): void {
    this.#denials.retry();
  }

  /** A write of the object went well. */
  overcome(subject: Subject): void {
    const { log } = this.#options;
    if (subject.failures > 0) log.recovered(subject);
    Object.assign(subject, { conflicts: 0, failures: 0, outdated: undefined, hopeless: undefined, told: undefined });
    this.#answered();
    if (this.#denials.allow(subject)) log.allowed(subject);
  }

  /** A request about the object failed. */
  failed(subject: Subject, { failure, error, startedAt, wanted, versions }: FailedRequest): void {
    const { timing, log } = this.#options;
    const now = timing.now();
    const random = timing.random();
    const hopeless = { wanted, resourceVersion: versions[0] };
    if (failure !== 'unreachable') this.#answered();
    switch (failure) {
      case 'conflict':
        subject.conflicts++;
        subject.belief.forget();
        // Against somebody who writes faster than the watch tells, only a look right before the write has a chance.
        if (subject.conflicts > 1 && subject.conflicts <= QUICK_LOOKS) {
          subject.outdated = { versions, lookAt: now };
          subject.notBefore = now;
        } else {
          subject.outdated = { versions, lookAt: now + LOOK_AFTER_MS };
          subject.notBefore = now + backOffDelay(CONFLICT, Math.max(1, subject.conflicts - QUICK_LOOKS), random);
        }
        break;
      case 'gone':
        subject.belief.forget();
        subject.hopeless = hopeless;
        break;
      case 'denied':
        if (this.#denials.deny(subject, { now, random })) log.denied(subject, error);
        break;
      case 'refused':
        subject.hopeless = hopeless;
        log.refused(subject, error);
        break;
      case 'failed':
        subject.failures++;
        subject.notBefore = now + backOffDelay(FAILURE, subject.failures, random);
        log.failed(subject, error);
        break;
      case 'unreachable':
        this.#pause(error, { startedAt, now, random });
        break;
    }
  }

  #pause(error: unknown, at: { readonly startedAt: number; readonly now: number; readonly random: number }): void {
    const { timing, log, signal, onPauseOver } = this.#options;
    const pause = this.#outage.failed(error, at);
    if (pause === undefined) return;
    if (pause.first) log.unreachable(error);
    void timing.sleep(pause.delayMs, signal).then(() => {
      this.#outage.resume();
      onPauseOver();
    });
  }

  #answered(): void {
    if (this.#outage.answered()) this.#options.log.reachable();
  }
}
