import { chain, descending } from '../util/compare.ts';

/**
 * Hostnames as the Gateway API has them: exact (`a.example.com`), wildcard (`*.example.com`, any number of labels in
 * place of the star) or '*', which stands for "no hostname given": every host.
 */

/** The labels after the star, with their dot: `.example.com`. '' for `*`. */
function suffix(hostname: string): string {
  return hostname.slice(1);
}

function isWildcard(hostname: string): boolean {
  return hostname.startsWith('*');
}

/** Whether every host that fits `narrow` fits `wide` too. */
export function covers(wide: string, narrow: string): boolean {
  if (wide === narrow || wide === '*') return true;
  if (!isWildcard(wide)) return false;
  return narrow.endsWith(suffix(wide)) && narrow.length > suffix(wide).length && narrow !== '*';
}

/** The hosts that fit both, or undefined when none does (Gateway API, HTTPRoute `hostnames`). */
export function intersect(a: string, b: string): string | undefined {
  if (covers(a, b)) return b;
  if (covers(b, a)) return a;
  return undefined;
}

/** The wildcards that cover a host, the most specific first: `a.b.c` → `*.b.c`, `*.c`, `*`. */
export function wider(hostname: string): readonly string[] {
  if (hostname === '*') return [];
  const found: string[] = [];
  const from = isWildcard(hostname) ? 2 : 0;
  for (let dot = hostname.indexOf('.', from); dot !== -1; dot = hostname.indexOf('.', dot + 1)) {
    found.push(`*${hostname.slice(dot)}`);
  }
  found.push('*');
  return found;
}

/** "The largest number of characters in a matching non-wildcard hostname", then "in a matching hostname". */
export const mostSpecificFirst: (a: string, b: string) => number = chain(
  descending((hostname: string) => (isWildcard(hostname) ? 0 : 1)),
  descending((hostname: string) => hostname.length),
);

/** The most specific of some hostnames that covers a host. */
export function bestMatch(hostnames: Pick<ReadonlySet<string>, 'has'>, host: string): string | undefined {
  return [host, ...wider(host)].find((name) => hostnames.has(name));
}
