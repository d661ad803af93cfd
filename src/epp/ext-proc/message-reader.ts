/**
 * gRPC's framing: one byte of flags, four of length, the message (length-prefixed messages, PROTOCOL-HTTP2.md). Chunks come cut anywhere.
 */
export const prefixBytes = 5;

/** What is wrong with a stream of messages. */
export type FramingError = 'compressed' | 'too-large';

/** Cuts chunks of a byte stream into messages. A message within one chunk is a view of it, any other a copy. */
export class MessageReader {
  readonly #maxBytes: number;
  readonly #message: (message: Buffer) => void;
  /** What was received of a message that is not complete. */
  readonly #parts: Buffer[] = [];
  #received = 0;
  /** Bytes of the message that is being received with its prefix; 0: the prefix is not complete. */
  #wanted = 0;
  #error: FramingError | undefined;

  /** Messages of more than `maxBytes` are an error. */
  constructor(maxBytes: number, message: (message: Buffer) => void) {
    this.#maxBytes = maxBytes;
    this.#message = message;
  }

  /** Whether the bytes so far are whole messages. */
  get atBoundary(): boolean {
    return this.#received === 0;
  }

  /** Hands over the messages that the chunk completes. After an error everything is dropped. */
  push(chunk: Buffer): FramingError | undefined {
    let rest = chunk;
    while (rest.length > 0 && this.#error === undefined) rest = this.#received === 0 ? this.#whole(rest) : this.#part(rest);
    return this.#error;
  }

  /** Takes a message off the beginning of a chunk; keeps what is no whole one. */
  #whole(chunk: Buffer): Buffer {
    if (chunk.length < prefixBytes) return this.#keep(chunk);
    const end = prefixBytes + this.#lengthAt(chunk);
    if (this.#error !== undefined) return nothing;
    if (chunk.length < end) {
      this.#wanted = end;
      return this.#keep(chunk);
    }
    this.#message(chunk.subarray(prefixBytes, end));
    return chunk.subarray(end);
  }

  /** Adds to an incomplete message; gives what is left of the chunk. */
  #part(chunk: Buffer): Buffer {
    const missing = (this.#wanted === 0 ? prefixBytes : this.#wanted) - this.#received;
    if (chunk.length < missing) return this.#keep(chunk);
    this.#keep(chunk.subarray(0, missing));
    const joined = Buffer.concat(this.#parts, this.#received);
    this.#drop();
    // Of a prefix that came in pieces the rest is looked at as if it came with it.
    if (joined.length === prefixBytes && this.#wanted === 0) {
      const length = this.#lengthAt(joined);
      if (this.#error !== undefined) return nothing;
      if (length === 0) this.#message(nothing);
      else {
        this.#wanted = prefixBytes + length;
        this.#keep(joined);
      }
    } else {
      this.#wanted = 0;
      this.#message(joined.subarray(prefixBytes));
    }
    return chunk.subarray(missing);
  }

  #lengthAt(prefix: Buffer): number {
    const length = prefix.readUInt32BE(1);
    if (prefix[0] !== 0) this.#error = 'compressed';
    else if (length > this.#maxBytes) this.#error = 'too-large';
    if (this.#error !== undefined) this.#drop();
    return length;
  }

  #keep(part: Buffer): Buffer {
    this.#parts.push(part);
    this.#received += part.length;
    return nothing;
  }

  #drop(): void {
    this.#parts.length = 0;
    this.#received = 0;
  }
}

const nothing: Buffer = Buffer.alloc(0);

/** Frames messages as one buffer. */
export function frameMessages(messages: readonly Uint8Array[]): Buffer {
  let size = 0;
  for (const message of messages) size += prefixBytes + message.length;
  const framed = Buffer.allocUnsafe(size);
  let at = 0;
  for (const message of messages) {
    framed[at] = 0;
    framed.writeUInt32BE(message.length, at + 1);
    framed.set(message, at + prefixBytes);
    at += prefixBytes + message.length;
  }
  return framed;
}
