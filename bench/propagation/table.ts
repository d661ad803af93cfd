import type { Result } from './result.ts';
import type { Summary } from './statistics.ts';

const columns: readonly (readonly [string, (result: Result) => string])[] = [
  ['routes', ({ routes }) => String(routes)],
  ['ready, s', ({ ready_ms: ms }) => (ms / 1000).toFixed(1)],
  ['change → bytes, ms', ({ change_to_bytes_ms: times }) => both(times)],
  ['change → effect, ms', ({ change_to_effect_ms: times }) => both(times)],
  ['floor, ms', ({ floor_effect_ms: times }) => both(times)],
  ['floor of one table, ms', ({ floor_one_table_ms: times }) => both(times)],
  ['CPU control plane, ms', ({ cp_cpu_ms_per_change: ms }) => ms.toFixed(1)],
  ['CPU Envoy, ms', ({ envoy_cpu_ms_per_change: ms }) => ms.toFixed(1)],
  ['RSS control plane, MiB', ({ cp_rss_mb: mb }) => mb.toFixed(0)],
  ['RSS Envoy, MiB', ({ envoy_rss_mb: mb }) => mb.toFixed(0)],
  ['requests', ({ requests }) => String(requests)],
  ['failed', ({ failed }) => String(failed)],
];

function both({ p50, p99 }: Summary): string {
  return `${p50.toFixed(1)} / ${p99.toFixed(1)}`;
}

/** The results as a Markdown table, padded so that people can read it as it is. */
export function table(results: readonly Result[]): string {
  const rows = [columns.map(([title]) => title), ...results.map((result) => columns.map(([, cell]) => cell(result)))];
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const [head = '', ...body] = rows.map((row) => `| ${row.map((cell, i) => cell.padStart(widths[i] ?? 0)).join(' | ')} |`);
  return [head, `|${widths.map((width) => `${'-'.repeat(width + 1)}:`).join('|')}|`, ...body].join('\n');
}
