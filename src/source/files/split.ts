/** One document of a YAML stream, as a piece of its bytes. */
export interface Span {
  readonly start: number;
  readonly end: number;
  /** Lines of the stream before `start`. */
  readonly linesBefore: number;
}

const newline = 0x0a;
const dash = 0x2d;
const dot = 0x2e;
const hashSign = 0x23;
const percent = 0x25;

/**
 * What stands between two boundaries so far:
 * - `nothing`: blank lines and comments, which are no document
 * - `directives`: `%YAML` and the like, which belong to the `---` that follows
 * - `content`: a document
 */
type Content = 'nothing' | 'directives' | 'content';

/**
 * Splits a YAML stream into documents without parsing it.
 *
 *     # comment          ┐ dropped
 *     ---                ┘┐
 *     a: |                │ 1
 *       text              ┘
 *     --- {b: 2}          ] 2      a `---` at the start of a line begins a document, inside of scalars too
 *     ...                 ] end of 2
 *     %YAML 1.2          ┐
 *     ---                │ 3
 *     c: 3               ┘
 *
 * https://yaml.org/spec/1.2.2/#92-streams: a line that starts with `---` or `...` and then white space or nothing
 * (c-forbidden) is a marker wherever it stands.
 */
export function splitDocuments(bytes: Uint8Array): Span[] {
  const spans: Span[] = [];
  let start = 0;
  let linesBefore = 0;
  let lines = 0;
  let content: Content = 'nothing';
  const end = (at: number): void => {
    if (content === 'content') spans.push({ start, end: at, linesBefore });
    content = 'nothing';
  };
  for (let at = byteOrderMark(bytes); at < bytes.length; ) {
    const first = bytes[at];
    if (first === dash && isMarker(bytes, at)) {
      if (content !== 'directives') {
        end(at);
        start = at;
        linesBefore = lines;
      }
      content = 'content';
    } else if (first === dot && isMarker(bytes, at)) {
      end(at);
    } else if (content !== 'content') {
      const found = contentOf(bytes, at, content);
      if (content === 'nothing' && found !== 'nothing') {
        start = at;
        linesBefore = lines;
      }
      content = found;
    }
    while (at < bytes.length && bytes[at] !== newline) at++;
    at++;
    lines++;
  }
  end(bytes.length);
  return spans;
}

/** Lines at the start of a document that are its marker, blank or a comment: what comes after them is its first line. */
export function leadingLines(text: string): number {
  const skipped = /^(?:(?:---)?[ \t]*(?:#.*)?\r?\n)*/.exec(text)?.[0] ?? '';
  return skipped.split('\n').length - 1;
}

function byteOrderMark(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

/** Three times the same character, then white space or the end. */
function isMarker(bytes: Uint8Array, at: number): boolean {
  return bytes[at + 1] === bytes[at] && bytes[at + 2] === bytes[at] && isBlank(bytes[at + 3]);
}

function isBlank(byte: number | undefined): boolean {
  return byte === undefined || byte === 0x20 || byte === 0x09 || byte === newline || byte === 0x0d;
}

function contentOf(bytes: Uint8Array, lineStart: number, before: Content): Content {
  if (bytes[lineStart] === percent) return 'directives';
  let at = lineStart;
  while (bytes[at] !== newline && at < bytes.length && isBlank(bytes[at])) at++;
  const byte = bytes[at];
  return byte === undefined || byte === newline || byte === hashSign ? before : 'content';
}
