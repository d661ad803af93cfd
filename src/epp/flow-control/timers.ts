/** A clock, and calls at a later time. */
export interface Timers {
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  /** Calls after so many milliseconds, at most `maxDelayMs`; a little earlier or later does no harm. Returns the way to stop it. */
  after(ms: number, call: () => void): () => void;
}

/** Longer delays are none for Node. */
export const maxDelayMs = 2 ** 31 - 1;

/** Of this process, which they do not keep from ending. */
export const systemTimers: Timers = {
  now: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms).unref();
    return () => clearTimeout(timer);
  },
};
