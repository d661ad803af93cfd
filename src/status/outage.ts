import { backOffDelay, type BackOff } from '../kube/back-off.ts';
import { KubeError } from '../kube/kube-error.ts';

/** Milliseconds. */
const BACK_OFF: BackOff = { firstMs: 100, maxMs: 5_000 };

/** Times when the API server does not answer, or has no time: nobody writes, and then one write finds out whether it is back. */
export class Outage {
  #failures = 0;
  #failedAt = 0;
  #paused = false;

  /** How many requests may be under way, where `max` may in good times. */
  limit(max: number): number {
    if (this.#failures === 0) return max;
    return this.#paused ? 0 : 1;
  }

  /**
   * A request that began at `startedAt` got no answer. Returns how long to pause, in milliseconds, and whether this is the
   * begin of an outage; undefined when it began before the last failure, so that nothing new is learnt from it.
   */
  failed(error: unknown, { startedAt, now, random }: { readonly startedAt: number; readonly now: number; readonly random: number }): { readonly delayMs: number; readonly first: boolean } | undefined {
    if (this.#failures > 0 && startedAt <= this.#failedAt) return undefined;
    this.#failures++;
    this.#failedAt = now;
    this.#paused = true;
    const asked = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0;
    const delayMs = Math.max(backOffDelay(BACK_OFF, this.#failures, random), Math.min(asked, BACK_OFF.maxMs));
    return { delayMs, first: this.#failures === 1 };
  }

  /** The pause is over. It is told, not read from a clock: timers may be a little early, and nobody would come again. */
  resume(): void {
    this.#paused = false;
  }

  /** The API server answered. Returns whether that ends an outage. */
  answered(): boolean {
    const ends = this.#failures > 0;
    this.#failures = 0;
    return ends;
  }
}
