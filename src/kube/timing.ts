/** Where time, chance and delay come from: tests bring their own. */
export interface Timing {
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  /** Resolves after `ms`, or as soon as the signal aborts; it never rejects. 0 is the next turn of the event loop. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The machine's own. */
export const systemTiming: Timing = {
  now: () => performance.now(),
  random: Math.random,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      // A timer takes at least 1 ms.
      if (ms <= 0) return void setImmediate(resolve);
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
    }),
};
