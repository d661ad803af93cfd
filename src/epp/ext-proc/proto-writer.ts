import { delimited, fixed64, varint } from './proto-reader.ts';

const initialBytes = 4 * 1024;
/** A larger buffer is not kept for the next message. */
const keptBytes = 128 * 1024;

/**
 * Writes a protobuf message from its end to its beginning: the length of a nested message is known when its turn comes, and nothing
 * has to be moved. So fields are given last one first, and a nested message is closed by its own tag:
 *
 *     const mark = writer.length;
 *     writer.text(2, 'value');
 *     writer.text(1, 'key');
 *     writer.wrap(1, mark);
 */
export class ProtoWriter {
  #buffer = Buffer.allocUnsafeSlow(initialBytes);
  #at = initialBytes;

  /** Bytes written so far. */
  get length(): number {
    return this.#buffer.length - this.#at;
  }

  clear(): void {
    if (this.#buffer.length > keptBytes) this.#buffer = Buffer.allocUnsafeSlow(initialBytes);
    this.#at = this.#buffer.length;
  }

  /** A copy of what was written; the writer is empty again. */
  finish(): Buffer {
    const message = Buffer.from(this.#buffer.subarray(this.#at));
    this.clear();
    return message;
  }

  /** An integer from 0 to 2⁵³, or an enumeration. */
  number(field: number, value: number): void {
    this.#varint(value);
    this.#varint(varint(field));
  }

  boolean(field: number, value: boolean): void {
    this.number(field, value ? 1 : 0);
  }

  double(field: number, value: number): void {
    this.#reserve(8);
    this.#buffer.writeDoubleLE(value, this.#at);
    this.#varint(fixed64(field));
  }

  bytes(field: number, value: Uint8Array): void {
    this.#reserve(value.length);
    this.#buffer.set(value, this.#at);
    this.#prefix(field, value.length);
  }

  text(field: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.#reserve(length);
    this.#buffer.write(value, this.#at);
    this.#prefix(field, length);
  }

  /** Makes all that was written since `length` was `mark` the message that is this field's value. */
  wrap(field: number, mark: number): void {
    this.#prefix(field, this.length - mark);
  }

  #prefix(field: number, length: number): void {
    this.#varint(length);
    this.#varint(delimited(field));
  }

  #varint(value: number): void {
    let size = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
    this.#reserve(size);
    let at = this.#at;
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#buffer[at++] = (rest % 0x80) | 0x80;
    this.#buffer[at] = rest;
  }

  #reserve(length: number): void {
    if (length > this.#at) {
      const used = this.length;
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#buffer.length, used + length + initialBytes));
      larger.set(this.#buffer.subarray(this.#at), larger.length - used);
      this.#buffer = larger;
      this.#at = larger.length - used;
    }
    this.#at -= length;
  }
}
