import type { Summary } from './statistics.ts';

/** What was measured for one number of routes. bench/README.md says what each means. */
export interface Result {
  readonly routes: number;
  readonly ready_ms: number;
  readonly change_to_bytes_ms: Summary;
  readonly change_to_effect_ms: Summary;
  readonly floor_effect_ms: Summary;
  readonly floor_one_table_ms: Summary;
  readonly cp_cpu_ms_per_change: number;
  readonly envoy_cpu_ms_per_change: number;
  readonly cp_rss_mb: number;
  readonly envoy_rss_mb: number;
  readonly requests: number;
  readonly failed: number;
}

/** A limit, and whether it was kept. */
export interface Goal {
  readonly text: string;
  readonly value: number;
  readonly limit: number;
}

/** The limits that the product has set itself, as far as these results say something about them. */
export function goals(results: readonly Result[], oneFile: boolean): Goal[] {
  const found: Goal[] = [];
  for (const result of results) {
    const { routes, change_to_bytes_ms: bytes, change_to_effect_ms: effect, floor_effect_ms: floor, floor_one_table_ms: whole } = result;
    const goal = (text: string, value: number, limit: number): void => void found.push({ text: `${routes} routes: ${text}`, value, limit });
    goal('failed requests', result.failed, 0);
    if (oneFile) {
      if (routes === 3_000) goal('change → bytes, p50', bytes.p50, 40);
      continue;
    }
    if (routes === 3_000) {
      goal('change → bytes, p50', bytes.p50, 3);
      goal('change → bytes, p99', bytes.p99, 15);
      goal('change → effect, p50, against the floor + 5', effect.p50, floor.p50 + 5);
      goal('change → effect, p50, against half the floor of one table', effect.p50, whole.p50 / 2);
    }
    if (routes === 10_000) {
      goal('change → effect, p50, against a fifth of the floor of one table', effect.p50, whole.p50 / 5);
      goal('ready, ms', result.ready_ms, 6_000);
      goal('RSS of the control plane, MiB', result.cp_rss_mb, 350);
    }
  }
  const few = results.find(({ routes }) => routes === 100);
  const many = results.find(({ routes }) => routes === 10_000);
  if (few !== undefined && many !== undefined && !oneFile) {
    found.push({ text: 'from 100 to 10000 routes: growth of change → bytes, p50', value: many.change_to_bytes_ms.p50 / few.change_to_bytes_ms.p50, limit: 2 });
  }
  return found;
}
