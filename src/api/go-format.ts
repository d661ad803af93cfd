import { byText } from '../util/compare.ts';

/** Values as Go prints them, so that messages read as those of the API server. */

const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v', '\\': '\\\\', '"': '\\"',
};

/** Characters that Go's strconv.IsPrint refuses (controls, separators but the space, surrogates, private use, unassigned), and the two that need escaping. */
const NEEDS_ESCAPE = /[\\"]|(?! )[\p{C}\p{Z}]/gu;

/** `%q`: a Go string literal. */
export function goQuote(text: string): string {
  return `"${text.replace(NEEDS_ESCAPE, (char) => ESCAPES[char] ?? escapeRune(char.codePointAt(0) ?? 0))}"`;
}

function escapeRune(rune: number): string {
  if (rune < 0x20 || rune === 0x7f) return `\\x${hex(rune, 2)}`;
  if (rune >= 0xd800 && rune <= 0xdfff) return '\\ufffd';
  return rune <= 0xffff ? `\\u${hex(rune, 4)}` : `\\U${hex(rune, 8)}`;
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, '0');
}

/** `json.Marshal`: keys sorted, HTML characters escaped. */
export function goJson(value: unknown): string {
  const text = JSON.stringify(value, (_key, one: unknown) => (isPlainObject(one) ? sorted(one) : typeof one === 'bigint' ? Number(one) : one)) ?? 'null';
  return text.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${hex(char.charCodeAt(0), 4)}`);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sorted(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).toSorted(([a], [b]) => byText(a, b)));
}
