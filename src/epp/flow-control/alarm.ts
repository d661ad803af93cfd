import { maxDelayMs, type Timers } from './timers.ts';

/** One timer for whatever is next. */
export class Alarm {
  readonly #timers: Timers;
  readonly #ring: () => void;
  #at = Infinity;
  #stop = () => {};

  constructor(timers: Timers, ring: () => void) {
    this.#timers = timers;
    this.#ring = ring;
  }

  /** To ring at this time, or before; Infinity: not at all. What was set before counts no more, unless it is earlier: setting it anew would cost more than a ring in vain. */
  set(at: number, now: number): void {
    if (at === Infinity) {
      this.#stop();
      this.#at = Infinity;
    } else if (at < this.#at) {
      this.#stop();
      this.#at = at;
      this.#stop = this.#timers.after(Math.min(Math.max(0, at - now), maxDelayMs), () => {
        this.#at = Infinity;
        this.#ring();
      });
    }
  }
}
