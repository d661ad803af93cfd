/** How often the status of one object is written. Milliseconds. */
export interface PaceBounds {
  /** Between two writes, when the first of them came after a rest. */
  readonly firstMs: number;
  /** Between two writes of an object that goes on changing. */
  readonly maxMs: number;
}

/** Where an object is in its pace. */
export interface Pace {
  /** No write before this time. */
  readonly nextAt: number;
  readonly intervalMs: number;
}

/**
 * The pace after a write at `now`. An object that has rested is written at once; while it goes on changing, the time
 * between writes doubles. So a Gateway to which a thousand routes attach one by one is written a few times, not a thousand.
 *
 *     write   100 ms   write     200 ms     write       400 ms       write  … 1 s
 */
export function paceAfterWrite(before: Pace | undefined, now: number, { firstMs, maxMs }: PaceBounds): Pace {
  // It was waiting for its turn, or nearly: it is still changing.
  const changing = before !== undefined && now - before.nextAt < before.intervalMs;
  const intervalMs = changing ? Math.min(maxMs, before.intervalMs * 2) : firstMs;
  return { nextAt: now + intervalMs, intervalMs };
}
