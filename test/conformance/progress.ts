import type { TestResult } from './results.ts';

/** How much of a failure's own words is shown at once. */
const shownLines = 12;
const marks = { pass: 'ok  ', fail: 'FAIL', skip: 'skip', unfinished: '????' } as const;

/** What is shown when a test ends: `[12/70] ok    HTTPRouteWeight  3.5 s`, and below a failure what failed and why. */
export function progressLines({ name, outcome, seconds, failedParts, output, reason }: TestResult, position: string): string[] {
  const line = `[${position}] ${marks[outcome]}  ${name}  ${seconds.toFixed(1)} s`;
  if (outcome === 'skip' && reason !== undefined) return [`${line}: ${reason}`];
  if (outcome !== 'fail') return [line];
  return [line, ...failedParts.map((part) => `        failed: ${part}`), ...errorLines(output).map((text) => `        ${text}`)];
}

/** The lines of testify's last "Error Trace … Error … Messages" block, or where there is none the last lines. */
function errorLines(output: readonly string[]): string[] {
  const start = output.findLastIndex((line) => /^\s+Error Trace:/.test(line));
  // The block is indented by a tab, which other output is not.
  const end = output.findIndex((line, index) => index > start && !/^\s*\t/.test(line));
  const lines = start < 0 ? output.slice(-shownLines) : output.slice(start, end < 0 ? undefined : end);
  return lines.map((line) => line.trim()).filter((line) => line !== '').slice(0, shownLines);
}
