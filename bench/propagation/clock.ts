/** Milliseconds of CLOCK_MONOTONIC, which all processes of the machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** What to add to this process's `performance.now()` to get `now()`. */
export function offsetOfPerformance(): number {
  return now() - performance.now();
}
