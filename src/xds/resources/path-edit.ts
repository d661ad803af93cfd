import type { PathChange } from '../../ir/route.ts';

/**
 * A change of the path that Envoy can make, query string untouched. `prefix` replaces what the route's prefix match
 * covered; `regex` is for the replacement by nothing, which must keep the leading slash.
 */
export type PathEdit =
  | { readonly type: 'full'; readonly path: string }
  | { readonly type: 'prefix'; readonly prefix: string }
  | { readonly type: 'regex'; readonly pattern: string; readonly substitution: string };

/**
 * Finds the edit for a path change. `matched` is the route's path prefix without a trailing slash ('' for `/`),
 * undefined when the route does not match by prefix.
 *
 *     path      matched  replacement   becomes
 *     /foo/bar  /foo     /xyz, /xyz/   /xyz/bar
 *     /foo      /foo     /xyz, /xyz/   /xyz
 *     /foo/     /foo     /xyz          /xyz/
 *     /foo/bar  /foo     '', /         /bar
 *     /foo      /foo     '', /         /
 *     /bar      ''       /xyz          /xyz/bar
 *
 * https://gateway-api.sigs.k8s.io/reference/spec/#httppathmodifier
 */
export function pathEdit(change: PathChange, matched: string | undefined): PathEdit | undefined {
  if (change.type === 'ReplaceFullPath') return { type: 'full', path: absolute(change.value) };
  if (matched === undefined) return undefined;
  const replacement = change.value.replace(/\/+$/, '');
  if (replacement === '') {
    if (matched === '') return undefined;
    return { type: 'regex', pattern: `^${escapeRegex(matched)}/?`, substitution: '/' };
  }
  // Envoy's match of `/` covers the slash itself.
  return { type: 'prefix', prefix: matched === '' ? `${absolute(replacement)}/` : absolute(replacement) };
}

/** Text that stands for itself in an RE2 pattern. */
export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}

function absolute(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}
