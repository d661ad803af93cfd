/** A key that its object has already. */
export interface DuplicateKey {
  readonly key: string;
  /** Of the second one, from 0. */
  readonly line: number;
}

interface Limits {
  /** Objects and arrays around a scalar. */
  readonly maxNesting: number;
  /** Nothing is looked for after these. */
  readonly maxDuplicates: number;
}

/**
 * Keys that are given twice in one object of a JSON text that is known to be valid. JSON.parse takes the last one
 * silently; https://www.rfc-editor.org/rfc/rfc8259#section-4 calls what happens unpredictable.
 */
export function duplicateJsonKeys(text: string, { maxNesting, maxDuplicates }: Limits): readonly DuplicateKey[] | 'too deep' {
  const found: DuplicateKey[] = [];
  /** The keys of each object around; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '{' || char === '[') {
      if (open.length >= maxNesting) return 'too deep';
      open.push(char === '{' ? new Set() : undefined);
    } else if (char === '}' || char === ']') {
      open.pop();
    } else if (char === '"') {
      const start = at;
      at = stringEnd(text, start);
      const keys = open.at(-1);
      if (keys === undefined || !hasColon(text, at + 1)) continue;
      const raw = text.slice(start + 1, at);
      const key = raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
      if (keys.has(key) && found.push({ key, line: linesBefore(text, start) }) >= maxDuplicates) return found;
      keys.add(key);
    }
  }
  return found;
}

/** Where the quote is that ends the string which begins at `start`. */
function stringEnd(text: string, start: number): number {
  let end = start;
  let backslashes: number;
  do {
    end = text.indexOf('"', end + 1);
    backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes++;
  } while (end !== -1 && backslashes % 2 === 1);
  return end === -1 ? text.length : end;
}

function hasColon(text: string, from: number): boolean {
  let at = from;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++;
  return text[at] === ':';
}

function linesBefore(text: string, end: number): number {
  return text.slice(0, end).split('\n').length - 1;
}
