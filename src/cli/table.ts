import { printable } from '../util/printable.ts';

/** Blanks between two columns, as kubectl has them. */
const gap = 3;

/** Rows as columns of text, the first row is the heading. Trailing blanks are left out; no rows but the heading: ''. */
export function table(heading: readonly string[], texts: readonly (readonly string[])[]): string {
  if (texts.length === 0) return '';
  const rows = texts.map((cells) => cells.map(printable));
  const widths = heading.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]) => cells.map((cell, column) => cell.padEnd((widths[column] ?? 0) + gap)).join('').trimEnd();
  return [heading, ...rows].map((cells) => `${line(cells)}\n`).join('');
}
