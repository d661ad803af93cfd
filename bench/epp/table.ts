import type { ContenderName } from './contenders/contender.ts';
import type { Figures, Results } from './figures.ts';
import type { ScenarioName } from './scenarios.ts';

const columns: readonly (readonly [string, (figures: Figures) => string])[] = [
  ['requests', ({ requests }) => String(requests)],
  ['failed', ({ failed }) => String(failed)],
  ['lost', ({ lost }) => String(lost)],
  ['/s', ({ requests_per_second: rate }) => rate.toFixed(0)],
  ['TTFT mean, ms', ({ ttft_ms: { mean } }) => mean.toFixed(2)],
  ['p50', ({ ttft_ms: { p50 } }) => p50.toFixed(2)],
  ['p99', ({ ttft_ms: { p99 } }) => p99.toFixed(2)],
  ['whole answer p50, ms', ({ total_ms: { p50 } }) => p50.toFixed(1)],
  ['spread', ({ spread }) => spread.toFixed(2)],
  ['CPU picker, ms', ({ picker_cpu_ms: ms }) => ms?.toFixed(3) ?? ''],
  ['idle, ms/s', ({ picker_idle_cpu_ms_per_second: ms }) => ms?.toFixed(0) ?? ''],
  ['CPU Envoy, ms', ({ proxy_cpu_ms: ms }) => ms?.toFixed(3) ?? ''],
  ['RSS picker, MiB', ({ picker_rss_mb: mb }) => mb?.toFixed(0) ?? ''],
];

/** The results as a Markdown table, padded so that people can read it as it is. */
export function table(results: Results): string {
  const rows = (Object.entries(results) as [ScenarioName, Results[ScenarioName]][]).flatMap(([scenario, contenders]) =>
    (Object.entries(contenders ?? {}) as [ContenderName, Figures][]).map(([contender, figures], i) => [i === 0 ? scenario : '', contender, ...columns.map(([, cell]) => cell(figures))]),
  );
  const all = [['scenario', 'contender', ...columns.map(([title]) => title)], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]): string => `| ${row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const [head = [], ...body] = all;
  return [line(head), `|${widths.map((width, i) => (i < 2 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`, ...body.map(line)].join('\n');
}
