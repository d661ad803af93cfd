/** Median and 99th percentile, rounded to µs; of fewer than 100 values the latter is the largest. */
export interface Summary {
  readonly p50: number;
  readonly p99: number;
}

export function summary(values: readonly number[]): Summary {
  return { p50: round(percentile(values, 0.5)), p99: round(percentile(values, 0.99)) };
}

/** The smallest value that at least this share of the values does not exceed. NaN when there are none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
