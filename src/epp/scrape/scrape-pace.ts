/** What decides how often one server is asked. */
export interface Pace {
  /** Milliseconds between two questions to a server that has something to do. */
  readonly intervalMs: number;
  /** The same where nobody has anything to do. */
  readonly idleIntervalMs: number;
  /** Whether the server has something to do. */
  readonly isBusy: boolean;
  /** Whether another server of the pool has. */
  readonly isPoolBusy: boolean;
  /** Answers in a row that came while the server had nothing to do. */
  readonly idleAnswers: number;
  /** Questions in a row without an answer that is good for anything. */
  readonly failures: number;
  /** Milliseconds that the last answer took to scan. */
  readonly scanMs: number;
}

/** An idle server in a busy pool is asked every so many intervals: it is the one that is picked next. */
const IDLE_AMONG_BUSY = 4;
/** A server whose answers are long is asked so seldom that scanning them takes a 1/20 of the time at most. */
const SCAN_SHARE = 1 / 20;
/** The longest wait between two questions to a server that fails, in milliseconds: it may be there again. */
const MAX_FAILURE_MS = 1000;

/**
 * Milliseconds from one question to a server to the next.
 *
 *     busy                          50                         the base interval
 *     idle, others busy             50, 100, 200, 200 …
 *     idle, as the whole pool       50, 100, 200 … 1,000, 1,000
 *     failing                       50, 50, 100, 200 … 1,000
 */
export function scrapeInterval({ intervalMs, idleIntervalMs, isBusy, isPoolBusy, idleAnswers, failures, scanMs }: Pace): number {
  let interval = intervalMs;
  if (failures > 1) interval = Math.max(intervalMs, Math.min(MAX_FAILURE_MS, doubled(intervalMs, failures - 2)));
  else if (!isBusy) {
    const most = Math.max(intervalMs, isPoolBusy ? Math.min(IDLE_AMONG_BUSY * intervalMs, idleIntervalMs) : idleIntervalMs);
    interval = Math.min(most, doubled(intervalMs, idleAnswers));
  }
  return Math.max(interval, scanMs / SCAN_SHARE);
}

function doubled(interval: number, times: number): number {
  return interval * 2 ** Math.min(times, 20);
}
