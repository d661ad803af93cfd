/** Wire types of protobuf's encoding; groups (3 and 4) are not read. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** What `tag` of a reader is at a field with a number, boolean or enumeration, of 64 bits (a double), or with a length (text, bytes, a message). */
export const varint = (field: number): number => ((field << 3) | VARINT) >>> 0;
export const fixed64 = (field: number): number => ((field << 3) | FIXED64) >>> 0;
export const delimited = (field: number): number => ((field << 3) | LENGTH_DELIMITED) >>> 0;

/**
 * Walks over the fields of a protobuf message and of those in it, without copying.
 *
 *     while (reader.next()) {
 *       if (reader.tag === delimited(1)) name = reader.text();
 *       else reader.skip();
 *     }
 *     if (reader.failure !== undefined) …
 *
 * Malformed bytes throw nothing: they end every loop, and `failure` says what was wrong.
 */
export class ProtoReader {
  /** Field number and wire type of the field that `next` came to. A field with another wire type than it should have is an unknown one. */
  tag = 0;
  failure: string | undefined;
  readonly #bytes: Buffer;
  #at = 0;
  #end: number;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  /** Goes to the next field of this message; false at its end. What `next` came to has to be read or skipped. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    this.tag = this.number();
    if (this.tag > 0xffff_ffff || this.tag < 8) this.fail(`field tag ${this.tag}`);
    return this.failure === undefined;
  }

  /** A varint. Exact up to 2⁵³, and never 0 for another number than 0. */
  number(): number {
    const first = this.#bytes[this.#at] ?? 0;
    if (first < 0x80 && this.#at < this.#end) {
      this.#at++;
      return first;
    }
    let value = 0;
    let factor = 1;
    for (let length = 1; length <= 10; length++) {
      if (this.#at >= this.#end) return this.fail('truncated number');
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 0x80;
    }
    return this.fail('number of more than 10 bytes');
  }

  double(): number {
    if (this.#end - this.#at < 8) return this.fail('truncated number');
    this.#at += 8;
    return this.#bytes.readDoubleLE(this.#at - 8);
  }

  /** A view, valid as long as the message's bytes are. */
  bytes(): Buffer {
    const length = this.#length();
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** Bytes that are not UTF-8 become U+FFFD. */
  text(): string {
    const length = this.#length();
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }

  /** Goes into the message that is this field's value; what it gives is what `leave` takes when all its fields were visited. */
  enter(): number {
    const outer = this.#end;
    const length = this.#length();
    this.#at -= length;
    this.#end = this.#at + length;
    return outer;
  }

  leave(outer: number): void {
    if (this.failure === undefined) this.#end = outer;
  }

  skip(): void {
    switch (this.tag & 7) {
      case VARINT:
        this.number();
        return;
      case FIXED64:
        this.#advance(8);
        return;
      case LENGTH_DELIMITED:
        this.#length();
        return;
      case FIXED32:
        this.#advance(4);
        return;
      default:
        this.fail(`wire type ${this.tag & 7}`);
    }
  }

  /** Passes over a length and as many bytes. */
  #length(): number {
    const length = this.number();
    this.#advance(length);
    return this.failure === undefined ? length : 0;
  }

  #advance(length: number): void {
    if (length > this.#end - this.#at) this.fail('truncated field');
    else this.#at += length;
  }

  /** Nothing is left to read from here on. */
  fail(reason: string): number {
    this.failure ??= reason;
    this.#at = 0;
    this.#end = 0;
    return 0;
  }
}
