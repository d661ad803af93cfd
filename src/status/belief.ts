import type { ObservedStatus } from './wanted-status.ts';

/**
 * What an object is like by all that we know: what the watch last said, or what the API server answered to our own write,
 * of which the watch has not heard yet. Without this, each echo that is under way would look like a status to be mended.
 *
 * Versions are compared for equality only. Being wrong costs a conflict, never somebody else's entry.
 */
export class Belief {
  #answer: ObservedStatus | undefined;
  /** Versions that are older than the answer. The watch may still bring them. */
  readonly #older = new Set<string>();

  /** The newer of what was seen and what was answered. */
  of(seen: ObservedStatus | undefined): ObservedStatus | undefined {
    if (this.#answer === undefined) return seen;
    if (seen !== undefined && this.#older.has(seen.resourceVersion)) return this.#answer;
    // The watch has caught up, or is ahead.
    this.forget();
    return seen;
  }

  /**
   * Takes down an answer. `basis` are the versions known to be older: the one that was written upon, and the one seen when
   * the request was sent. `seen` is what the watch says at this moment.
   */
  adopt(answer: ObservedStatus, basis: readonly string[], seen: ObservedStatus | undefined): void {
    for (const version of basis) this.#older.add(version);
    this.#older.delete(answer.resourceVersion);
    this.#answer = answer;
    this.of(seen);
  }

  forget(): void {
    this.#answer = undefined;
    this.#older.clear();
  }
}
