/** What becomes of a path before routes see it. */
export type NormalizedPath =
  | {
      readonly path: string;
      /** An escaped slash was in it: the client is sent to `path` (307). */
      readonly redirects: boolean;
    }
  /** The request is refused with 400. */
  | { readonly problem: string };

/**
 * A path with query as Envoy makes it of one that was sent, with the settings of our connection manager:
 * normalize_path, merge_slashes, path_with_escaped_slashes_action UNESCAPE_AND_REDIRECT.
 *
 *     %2F %5C ─► / \ (and a redirect) ─► segments ─► `..;x` is `..` ─► %41 is A, " is %22 ─► dots ─► // is /
 */
export function normalizePath(raw: string): NormalizedPath {
  const problem = refusal(raw);
  if (problem !== undefined) return { problem };
  const question = raw.indexOf('?');
  const [before, query] = question === -1 ? [raw, ''] : [raw.slice(0, question), raw.slice(question)];
  const unescaped = before.replace(/%2f/gi, '/').replace(/%5c/gi, '\\');
  const segments = unescaped.replaceAll('\\', '/').split('/').slice(1).map((segment) => canonical(segment.replace(/^(\.\.?);.*$/, '$1')));
  return { path: mergeSlashes(`/${withoutDots(segments).join('/')}`) + query, redirects: unescaped !== before };
}

function refusal(raw: string): string | undefined {
  if (!raw.startsWith('/')) return 'the path does not begin with a slash';
  if (raw.includes('#')) return 'the path has a fragment (#)';
  // oxlint-disable-next-line no-control-regex -- these are the characters in question
  if (/[^\x21-\x7e]/.test(raw)) return 'the path has a character that must be escaped';
  if (/%00/.test(raw.split('?')[0] ?? '')) return 'the path has an escaped NUL';
  return undefined;
}

/** Escapes of characters that need none are undone (RFC 3986 §2.3), characters that need one get it. */
function canonical(segment: string): string {
  return segment
    .replace(/%([0-9a-f]{2})/gi, (escape, hex: string) => {
      const char = String.fromCharCode(Number.parseInt(hex, 16));
      return /[\w.~-]/.test(char) ? char : escape;
    })
    .replace(/["<>^`{|}]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** RFC 3986 §5.2.4. */
function withoutDots(segments: readonly string[]): string[] {
  const kept: string[] = [];
  for (const [i, segment] of segments.entries()) {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
    if (i === segments.length - 1 && (segment === '.' || segment === '..')) kept.push('');
  }
  return kept;
}

/** Envoy keeps a slash at either end, so a path of slashes only stays two of them. */
function mergeSlashes(path: string): string {
  if (!path.includes('//')) return path;
  return `/${path.split('/').filter((segment) => segment !== '').join('/')}${path.endsWith('/') ? '/' : ''}`;
}

/** A path without its query. */
export function withoutQuery(path: string): string {
  const question = path.indexOf('?');
  return question === -1 ? path : path.slice(0, question);
}
