import type { KeptRun, KeptTest } from './kept-run.ts';

const words = { pass: 'pass', fail: 'FAIL', skip: 'skipped', unfinished: 'did not end' } as const;

/** A row for each test: its name, its features, and what became of it in each run. */
export function testRows(runs: readonly KeptRun[]): string[][] {
  const byName = runs.map(({ results }) => new Map(results.tests.map((test) => [test.name, test])));
  const names = distinct(runs.flatMap(({ results }) => results.tests.map((test) => test.name)));
  return names.map((name) => {
    const found = byName.map((tests) => tests.get(name));
    return [name, found.find((test) => test !== undefined)?.features.join(', ') ?? '', ...found.map(testResult)];
  });
}

function testResult(test: KeptTest | undefined): string {
  if (test === undefined) return '-';
  return test.outcome === 'skip' ? words.skip : `${words[test.outcome]}, ${test.seconds.toFixed(1)} s`;
}

/** Each name once, sorted. */
export function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

/** A table of Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
