/**
 * Compiles an RE2 pattern, as schemas and CEL rules have them, to a JavaScript expression that matches the same strings.
 * The two syntaxes agree on all that our definitions use but one thing: RE2 writes flags for the whole pattern as `(?i)`,
 * even behind `^`.
 */
export function compilePattern(pattern: string): RegExp {
  const cached = compiled.get(pattern);
  if (cached !== undefined) return cached;
  const flag = /^\^?\(\?i\)/.exec(pattern);
  const source = flag === null ? pattern : (pattern.startsWith('^') ? '^' : '') + pattern.slice(flag[0].length);
  const expression = unicode(source, flag === null ? 'u' : 'iu');
  compiled.set(pattern, expression);
  return expression;
}

/** Patterns come from definitions, not from users, so their number is bounded. */
const compiled = new Map<string, RegExp>();

/** The `u` flag makes characters code points, as in RE2; but it forbids needless escapes such as `\/` outside of classes or `\-`. */
function unicode(source: string, flags: string): RegExp {
  return new RegExp(source.replace(/\\([^A-Za-z0-9\\^$.*+?()[\]{}|/-])/g, '$1').replace(/\\-(?![^[]*\])/g, '-'), flags);
}
