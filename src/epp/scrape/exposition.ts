import { unescaped } from './metric-spec.ts';

const [NEWLINE, CARRIAGE_RETURN, TAB, SPACE, QUOTE, HASH, BACKSLASH, OPEN, CLOSE] = [10, 13, 9, 32, 34, 35, 92, 123, 125];

/** A label section longer than this is not looked into, in bytes. */
const MAX_LABELS = 256 * 1024;
/** No number is longer. */
const MAX_NUMBER = 64;

const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"/gs;

/** One series of a wanted family, valid while it is visited: the object is used again for the next one. */
export interface Series {
  readonly value: number;
  /** Value of a label, or undefined. */
  label(name: string): string | undefined;
  /** The same, valid for as long as the answer is not changed. */
  kept(): Series;
}

/**
 * Finds the series of a few families in an answer in Prometheus' text format, or OpenMetrics', and passes over all else without looking at it: in 60 KiB
 * of a model server's metrics it takes some 20 µs. Lines that cannot be understood are passed over as well. Timestamps and exemplars are not read.
 *
 *     vllm:num_requests_running{engine="0"} 12.0        wanted: its name is compared, its labels and value are read
 *     vllm:prompt_tokens_total{engine="0"} 4711.0       the byte after the names' common beginning fits no wanted name: on to the next line
 */
export class ExpositionScanner {
  readonly #names: readonly Buffer[];
  /** Length of what all names begin with. */
  readonly #common: number;
  /** Names by the byte after that. */
  readonly #byByte: (number[] | undefined)[] = Array.from({ length: 256 });

  constructor(names: readonly string[]) {
    this.#names = names.map((name) => Buffer.from(name));
    this.#common = commonLength(names);
    for (const [index, name] of this.#names.entries()) (this.#byByte[name[this.#common] ?? SPACE] ??= []).push(index);
    // The shortest name may be all that is common, and what follows it is one of these.
    const short = this.#byByte[SPACE];
    if (short !== undefined) for (const byte of [TAB, OPEN]) this.#byByte[byte] = short;
  }

  /** Calls `visit` with each series of a wanted family that has a finite value, and the family's place among the names. */
  scan(body: Buffer, visit: (family: number, series: Series) => void): void {
    const series = new SeriesAt(body);
    const common = this.#common;
    for (let start = 0; start < body.length; ) {
      const candidates = this.#byByte[body[start + common] ?? 0];
      if (candidates !== undefined && body[start] !== HASH) {
        for (const family of candidates) {
          const name = this.#names[family];
          if (name === undefined || !startsWith(body, start, name) || !series.parse(start + name.length)) continue;
          visit(family, series);
          break;
        }
      }
      const end = body.indexOf(NEWLINE, start);
      if (end < 0) break;
      start = end + 1;
    }
  }
}

function commonLength(names: readonly string[]): number {
  const [first = ''] = names;
  let length = 0;
  while (length < first.length && names.every((name) => name[length] === first[length])) length++;
  return length;
}

function startsWith(body: Buffer, at: number, name: Buffer): boolean {
  for (let i = name.length - 1; i >= 0; i--) if (body[at + i] !== name[i]) return false;
  return true;
}

class SeriesAt implements Series {
  value = 0;
  readonly #body: Buffer;
  #labelsStart = 0;
  #labelsEnd = 0;
  #labels: Map<string, string> | undefined;

  constructor(body: Buffer) {
    this.#body = body;
  }

  /** Reads what follows a name. False: it is another family whose name begins alike, or nonsense. */
  parse(afterName: number): boolean {
    const body = this.#body;
    let at = afterName;
    this.#labels = undefined;
    this.#labelsStart = this.#labelsEnd = at;
    if (body[at] === OPEN) {
      const end = labelsEnd(body, at + 1);
      if (end < 0) return false;
      this.#labelsStart = at + 1;
      this.#labelsEnd = end;
      at = end + 1;
    } else if (body[at] !== SPACE && body[at] !== TAB) return false;
    while (body[at] === SPACE || body[at] === TAB) at++;
    let end = at;
    while (end < body.length && end - at <= MAX_NUMBER && !isBlank(body[end])) end++;
    this.value = end === at || end - at > MAX_NUMBER ? Number.NaN : Number(body.toString('latin1', at, end));
    return Number.isFinite(this.value);
  }

  label(name: string): string | undefined {
    this.#labels ??= this.#parseLabels();
    return this.#labels.get(name);
  }

  kept(): Series {
    const copy = new SeriesAt(this.#body);
    copy.value = this.value;
    copy.#labelsStart = this.#labelsStart;
    copy.#labelsEnd = this.#labelsEnd;
    return copy;
  }

  #parseLabels(): Map<string, string> {
    if (this.#labelsEnd - this.#labelsStart > MAX_LABELS) return new Map();
    const text = this.#body.toString('utf8', this.#labelsStart, this.#labelsEnd);
    return new Map([...text.matchAll(LABEL)].map(([, name = '', quoted = '']) => [name, unescaped(quoted)]));
  }
}

/** The place of the brace that ends the labels, or -1: the line ends before. */
function labelsEnd(body: Buffer, start: number): number {
  let inQuotes = false;
  for (let at = start; at < body.length; at++) {
    const byte = body[at];
    if (byte === NEWLINE) return -1;
    if (byte === QUOTE) inQuotes = !inQuotes;
    else if (byte === BACKSLASH && inQuotes && body[at + 1] !== NEWLINE) at++;
    else if (byte === CLOSE && !inQuotes) return at;
  }
  return -1;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === NEWLINE || byte === CARRIAGE_RETURN || byte === TAB;
}
