/** Bounds of the wait between attempts, in milliseconds. */
export interface BackOff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * How long to wait after `failures` (≥ 1) in a row: doubling from `firstMs`, at most `maxMs`, of which the random number in [0, 1)
 * takes away up to a half, so that what failed together does not come back together.
 */
export function backOffDelay({ firstMs, maxMs }: BackOff, failures: number, random: number): number {
  // 2^30 is beyond any maxMs: keeps the product finite.
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(full * (1 - random / 2));
}
