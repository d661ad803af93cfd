import { RE2JS } from 're2js';

/** A compiled pattern: whether it is found in a text. */
export interface Pattern {
  test(text: string): boolean;
}

/** Patterns come from definitions, not from users, so their number is bounded. */
const compiled = new Map<string, Pattern>();

/**
 * Compiles an RE2 pattern, as schemas and CEL rules have them. JavaScript's engine is faster and reads the same language, as far as our definitions
 * use it; but it backtracks, so patterns that could make it try for ever on a crafted text go to a linear engine.
 */
export function compilePattern(pattern: string): Pattern {
  let found = compiled.get(pattern);
  if (found === undefined) compiled.set(pattern, (found = mayExplode(pattern) ? linear(pattern) : backtracking(pattern)));
  return found;
}

/** The `u` flag makes a character a code point, as in RE2, which also writes flags for the whole pattern as `(?i)`, even behind `^`. */
function backtracking(pattern: string): Pattern {
  const plain = pattern.replace(/^(\^?)\(\?i\)/, '$1');
  return new RegExp(plain, plain === pattern ? 'u' : 'iu');
}

function linear(pattern: string): Pattern {
  const expression = RE2JS.compile(pattern);
  return { test: (text) => expression.matcher(text).find() };
}

/**
 * Whether a repeated group holds something repeated: `([\t ]?[!-~]+)*` finds 2ⁿ ways to split n letters before it gives up. A group that begins with a
 * dot and has no other, as in `(\.[a-z]+)*`, splits in one way only.
 */
export function mayExplode(pattern: string): boolean {
  const groups: { readonly start: number; repeats: boolean }[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i];
    if (char === '\\') i++;
    else if (char === '[') i = classEnd(pattern, i);
    else if (char === '(') groups.push({ start: i + 1, repeats: false });
    else if (char === ')') {
      const group = groups.pop();
      const repeated = isRepetition(pattern, i + 1);
      if (group !== undefined && repeated && group.repeats && !isDotted(pattern.slice(group.start, i))) return true;
      const outer = groups.at(-1);
      if (outer !== undefined && (repeated || group?.repeats === true)) outer.repeats = true;
    } else if (isRepetition(pattern, i)) {
      const group = groups.at(-1);
      if (group !== undefined) group.repeats = true;
    }
  }
  return false;
}

function isRepetition(pattern: string, index: number): boolean {
  return /^([*+]|\{\d+,\d*\})/.test(pattern.slice(index, index + 16));
}

/** The index of the bracket that ends a character class. */
function classEnd(pattern: string, start: number): number {
  let i = start + 1;
  if (pattern[i] === '^') i++;
  if (pattern[i] === ']') i++;
  while (i < pattern.length && pattern[i] !== ']') i += pattern[i] === '\\' ? 2 : 1;
  return i;
}

function isDotted(group: string): boolean {
  const rest = /^(?:\?:)?\\\.(.*)$/.exec(group)?.[1];
  return rest !== undefined && !/\.|\[\^|\\[DSW]/.test(rest);
}
