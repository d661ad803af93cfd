/** Bounds of the wait before a crashed process is started again, in milliseconds. */
export interface BackOff {
  readonly firstMs: number;
  readonly maxMs: number;
  /** A run that lasted this long wipes out the failures before it. */
  readonly resetAfterMs: number;
}

export const backOffDefaults: BackOff = { firstMs: 100, maxMs: 30_000, resetAfterMs: 60_000 };

/**
 * How long to wait after `failures` (≥ 1) short runs in a row: doubling from `firstMs`, at most `maxMs`, of which the random
 * number in [0, 1) takes away up to a half, so that proxies that died together do not start together.
 */
export function backOffDelay({ firstMs, maxMs }: BackOff, { failures, random }: { failures: number; random: number }): number {
  // 2^30 is beyond any maxMs: keeps the product finite.
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(full * (1 - random / 2));
}
