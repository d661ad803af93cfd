/** The known name that a misspelt one was most likely meant to be; undefined when none is near. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const wanted = plain(name);
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) > longestName) continue;
    const found = distance(wanted, plain(candidate));
    if (found < bestDistance) [best, bestDistance] = [candidate, found];
  }
  return best;
}

/** `; did you mean "…"?`, or nothing. */
export function suggestion(name: string, known: Iterable<string>): string {
  const meant = name.length > longestName ? undefined : nearest(name, known);
  return meant === undefined ? '' : `; did you mean "${meant}"?`;
}

const longestName = 100;

/** Case, dashes and underscores are what people get wrong first. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]/g, '');
}

/** Levenshtein's: characters to insert, remove or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
