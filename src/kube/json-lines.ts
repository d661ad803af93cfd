const NEWLINE = 10;

/** Cuts a stream of bytes into lines. Keeps what came in of a line that is not complete, up to a limit. */
export class JsonLines {
  readonly #maxBytes: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  /** `maxBytes`: of one line; a longer one throws. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The values of all lines that are complete with this chunk. Throws a SyntaxError for a line that is no JSON. */
  push(chunk: Buffer): unknown[] {
    const values: unknown[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = this.#complete(chunk.subarray(start, end));
      if (line.length > 0) values.push(JSON.parse(line.toString('utf8')));
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return values;
  }

  #complete(last: Buffer): Buffer {
    if (this.#pending.length === 0) return last;
    const line = Buffer.concat([...this.#pending, last]);
    this.#pending = [];
    this.#pendingBytes = 0;
    return line;
  }

  #keep(part: Buffer): void {
    this.#pendingBytes += part.length;
    if (this.#pendingBytes > this.#maxBytes) throw new RangeError(`a line is longer than ${this.#maxBytes} bytes`);
    this.#pending.push(part);
  }
}
