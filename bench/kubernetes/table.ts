import { published } from './published.ts';
import type { Scenario } from './options.ts';

/** One measurement: what of, and its figures by name. A summary of times is shown by its two numbers. */
export interface Row {
  readonly product: string;
  readonly result: object;
}

/**
 * The measurements of one scenario as a Markdown table: a line for each figure, a column for each product, and how many times the first
 * product's figure goes into the other one's.
 */
export function table(scenario: Scenario, rows: readonly Row[]): string {
  const figures = [...new Set(rows.flatMap(({ result }) => Object.keys(flat(result))))];
  const title = rows.length > 1 ? [...rows.map(({ product }) => product), 'ratio'] : rows.map(({ product }) => product);
  const lines = figures.map((name) => {
    const values = rows.map(({ result }) => flat(result)[name]);
    const [ours, theirs] = values;
    const ratio = typeof ours === 'number' && typeof theirs === 'number' && ours !== 0 ? `${(theirs / ours).toFixed(theirs / ours < 10 ? 2 : 0)} ×` : '';
    return [name.replaceAll('_', ' '), ...values.map((value) => text(value)), ...(rows.length > 1 ? [ratio] : [])];
  });
  const all = [[scenario, ...title], ...lines];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0))) ?? [];
  const lined = all.map((line) => `| ${line.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`);
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  const others = (published[scenario] ?? []).map(([product, figure]) => `  ${product}: ${figure}`);
  return [lined[0], rule, ...lined.slice(1), ...(others.length > 0 ? ['Published by others, on 16 cores:', ...others] : [])].join('\n');
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function flat(result: object, prefix = ''): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(result).flatMap(([name, value]): [string, unknown][] =>
    typeof value === 'object' && value !== null ? Object.entries(flat(value, `${prefix}${name} `)) : [[`${prefix}${name}`, value]],
  ));
}
