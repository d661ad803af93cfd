/** A document in the plain style of most manifests. */
export interface PlainDocument {
  readonly value: unknown;
  /** The lines, from 0, of the elements of a top-level list `items`. */
  readonly itemLines: readonly number[];
}

/** Thrown where a text leaves the plain style. */
const notPlain = new Error('not plain');

/** Control characters, tabs, carriage returns, line ends of other worlds and byte order marks, which have rules of their own. */
// oxlint-disable-next-line no-control-regex
const oddCharacter = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ud800-\udfff]/;

/** A key that is a word, and what follows it in its line. */
const entry = /^([A-Za-z_][A-Za-z0-9_./-]*):(?: +(.*))?$/;

/** What the core schema takes for a number: https://yaml.org/spec/1.2.2/#1032-tag-resolution. */
const number = /^[-+]?(?:0o[0-7]+|0x[0-9a-fA-F]+|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF|nan|NaN|NAN))$/;

/** A number that is written as everybody writes it. */
const plainInteger = /^-?(?:0|[1-9][0-9]{0,14})$/;

/** How deep a document may be nested; deeper ones are left to the whole parser. */
const maxPlainDepth = 60;

const words: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...['null', 'Null', 'NULL', '~'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
]);

/**
 * Parses the plain style of YAML, some fifteen times as fast as a whole parser; undefined if the text is not in it or is
 * wrong in any way.
 *
 *     # comment lines
 *     key: word          value on the same line: plain, 'quoted' or "quoted" without escapes, {} or []
 *     map:               block maps, their keys are words
 *       key: 10
 *     list:              block lists, indented or not
 *     - key: value
 *     - "value"
 *
 * Anything else (anchors, tags, block scalars, flow style, comments after values, lines that go on, documents, tabs)
 * belongs to the whole parser, whose result this one never differs from.
 */
export function parsePlainYaml(text: string): PlainDocument | undefined {
  if (oddCharacter.test(text)) return undefined;
  try {
    return new PlainParser(text).parse();
  } catch (error) {
    if (error === notPlain) return undefined;
    throw error;
  }
}

class PlainParser {
  /** Indentation, content and number of each line that is neither blank nor a comment. */
  readonly #indents: number[] = [];
  readonly #contents: string[] = [];
  readonly #lines: number[] = [];
  readonly #itemLines: number[] = [];
  #at = 0;

  constructor(text: string) {
    const lines = text.split('\n');
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i] as string;
      let indent = 0;
      while (line.charCodeAt(indent) === 0x20) indent++;
      if (indent === line.length || line.charCodeAt(indent) === 0x23) continue;
      if (indent === 0 && isMarker(line)) {
        if (line !== '---' || this.#lines.length > 0 || i > 0) throw notPlain;
        continue;
      }
      this.#indents.push(indent);
      this.#contents.push(line.slice(indent).trimEnd());
      this.#lines.push(i);
    }
  }

  parse(): PlainDocument {
    if (this.#lines.length === 0) return { value: null, itemLines: [] };
    const value = this.#block(this.#indents[0] as number, 0);
    if (this.#at < this.#lines.length) throw notPlain;
    return { value, itemLines: this.#itemLines };
  }

  /** A map or a list whose lines are indented by `indent`. */
  #block(indent: number, depth: number): unknown {
    if (depth > maxPlainDepth) throw notPlain;
    return isItem(this.#contents[this.#at] as string) ? this.#list(indent, depth, undefined) : this.#map(indent, depth);
  }

  #map(indent: number, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    while (this.#at < this.#lines.length && this.#indents[this.#at] === indent) {
      const match = entry.exec(this.#contents[this.#at] as string);
      const key = match?.[1];
      if (key === undefined || key === '__proto__' || Object.hasOwn(map, key)) throw notPlain;
      this.#at++;
      const rest = match?.[2] ?? '';
      map[key] = rest === '' ? this.#nested(indent, depth, depth === 0 && key === 'items' ? this.#itemLines : undefined) : this.#scalar(rest, indent);
    }
    return this.#closed(map, indent);
  }

  #list(indent: number, depth: number, lines: number[] | undefined): unknown[] {
    const list: unknown[] = [];
    while (this.#at < this.#lines.length && this.#indents[this.#at] === indent) {
      const content = this.#contents[this.#at] as string;
      if (!isItem(content)) break;
      lines?.push(this.#lines[this.#at] as number);
      let offset = 1;
      while (content.charCodeAt(offset) === 0x20) offset++;
      const rest = content.slice(offset);
      if (rest === '') {
        this.#at++;
        list.push(this.#nested(indent, depth, undefined, true));
      } else if (entry.test(rest)) {
        // The item is a map that begins in this line: as if its first key had a line of its own.
        this.#indents[this.#at] = indent + offset;
        this.#contents[this.#at] = rest;
        if (depth > maxPlainDepth) throw notPlain;
        list.push(this.#map(indent + offset, depth + 1));
      } else {
        this.#at++;
        list.push(this.#scalar(rest, indent));
      }
    }
    return this.#closed(list, indent);
  }

  /** What belongs to a key or a dash with nothing after it: a block that is indented more, a list that need not be, or null. */
  #nested(indent: number, depth: number, lines: number[] | undefined, inList = false): unknown {
    if (this.#at >= this.#lines.length) return null;
    const next = this.#indents[this.#at] as number;
    if (next > indent && !(lines !== undefined && isItem(this.#contents[this.#at] as string))) return this.#block(next, depth + 1);
    if (next > indent || (next === indent && !inList && isItem(this.#contents[this.#at] as string))) return this.#list(next, depth + 1, lines);
    return null;
  }

  /** What ends a block is a line that is indented less, or a key after a list that was not indented. */
  #closed<T>(block: T, indent: number): T {
    if (this.#at < this.#lines.length && (this.#indents[this.#at] as number) > indent) throw notPlain;
    return block;
  }

  #scalar(text: string, indent: number): unknown {
    // A line that is indented more goes on with this value.
    if (this.#at < this.#lines.length && (this.#indents[this.#at] as number) > indent) throw notPlain;
    const first = text.charCodeAt(0);
    if (first === 0x22 || first === 0x27) return unquoted(text, first === 0x22 ? '"' : "'");
    if (text === '{}') return {};
    if (text === '[]') return [];
    const word = words.get(text);
    if (word !== undefined) return word;
    if (plainInteger.test(text)) return Number(text);
    if (!/^[A-Za-z0-9_./]/.test(text) || text.includes(': ') || text.includes(' #') || text.endsWith(':') || number.test(text)) throw notPlain;
    return owned(text);
  }
}

function isItem(content: string): boolean {
  return content.charCodeAt(0) === 0x2d && (content.length === 1 || content.charCodeAt(1) === 0x20);
}

function isMarker(line: string): boolean {
  return line.startsWith('---') || line.startsWith('...') || line.startsWith('%');
}

function unquoted(text: string, quote: string): string {
  const inner = text.slice(1, -1);
  if (text.length < 2 || !text.endsWith(quote) || inner.includes(quote) || (quote === '"' && inner.includes('\\'))) throw notPlain;
  return owned(inner);
}

/** Texts that were seen lately: most repeat, and what lives long should live once. */
const seen = new Map<string, string>();
const maxSeen = 4096;

/** The same text without ties: a piece of a document would keep all of the document alive. */
function owned(piece: string): string {
  const known = seen.get(piece);
  if (known !== undefined) return known;
  if (seen.size >= maxSeen) seen.clear();
  const own = Buffer.from(piece).toString();
  seen.set(own, own);
  return own;
}
