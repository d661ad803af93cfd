import type { Endpoint } from '../endpoints/endpoint.ts';
import type { InferenceRequest } from '../request/inference-request.ts';
import type { SaturationDetector } from '../scheduling/plugin.ts';
import type { Admission, Entrance } from './admission.ts';
import { saturated } from './outcome.ts';

const dispatched: Admission = { kind: 'dispatched', ticket: { placed() {}, end() {} } };

/** Without flow control nobody waits: while the pool is full, requests of a priority below 0 are rejected, and all others go to its servers. */
export class LegacyEntrance implements Entrance {
  readonly #detector: SaturationDetector;
  readonly #now: () => number;
  /** Requests that were rejected. */
  rejected = 0;

  constructor(detector: SaturationDetector, now: () => number) {
    this.#detector = detector;
    this.#now = now;
  }

  admit({ priority }: InferenceRequest, candidates: readonly Endpoint[]): Admission {
    // That nobody is there is for the scheduler to say.
    if (priority >= 0 || candidates.length === 0 || this.#detector.saturation(this.#now(), candidates) < 1) return dispatched;
    this.rejected++;
    return saturated;
  }

  wake(): void {}

  shutdown(): void {}
}
