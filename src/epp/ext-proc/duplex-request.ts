import { destination } from './destination.ts';
import type { HeldBytes } from './held-bytes.ts';
import { encodeChunk, encodeHeaders, encodeTrailers, maxChunkBytes, type Side } from './processing-response.ts';
import type { Pick } from './request-handler.ts';
import type { Overflow, RequestSide, Send } from './request-side.ts';
import type { Struct } from './struct.ts';

export interface BodyLimits {
  /** Most bytes of one body that are held until it is answered. */
  readonly maxBodyBytes: number;
  readonly held: HeldBytes;
}

const nothing = new Uint8Array();

/** A request that passes through here: Envoy gives its body away, and goes on with what it gets back, headers first. Held until the answer. */
export class DuplexRequest implements RequestSide {
  readonly #send: Send;
  readonly #limits: BodyLimits;
  #answered = false;
  /** What goes on in the place of what comes. */
  #replacement: Uint8Array | undefined;
  #begun = false;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** The last chunk was seen. An empty one may follow. */
  #end = false;
  #owesTrailers = false;

  constructor(send: Send, limits: BodyLimits) {
    this.#send = send;
    this.#limits = limits;
  }

  headersSeen(): void {}

  body(chunk: Buffer, end: boolean): Overflow | undefined {
    if (this.#end) return undefined;
    this.#begun = true;
    this.#end = end;
    if (this.#answered) {
      this.#forward(chunk);
      return undefined;
    }
    if (this.#heldBytes + chunk.length > this.#limits.maxBodyBytes) return 'body too large';
    if (!this.#limits.held.take(chunk.length)) return 'too many bodies';
    this.#heldBytes += chunk.length;
    this.#held.push(isSmallPart(chunk) ? Buffer.from(chunk) : chunk);
    return undefined;
  }

  trailers(): void {
    if (this.#answered) this.#send(encodeTrailers('request'));
    else this.#owesTrailers = true;
  }

  answer(pick: Pick): void {
    const headers = encodeHeaders('request', destination(pick));
    this.#answered = true;
    this.#send(headers);
    this.#replacement = pick.body;
    const [only = nothing] = this.#held;
    // Envoy takes a body only after it has sent a piece of one.
    if (this.#begun) this.#forward(this.#held.length === 1 ? only : Buffer.concat(this.#held));
    this.drop();
    if (this.#owesTrailers) this.#send(encodeTrailers('request'));
  }

  drop(): void {
    this.#limits.held.release(this.#heldBytes);
    this.#heldBytes = 0;
    this.#held = [];
  }

  #forward(chunk: Uint8Array): void {
    sendChunks(this.#send, 'request', this.#replacement ?? chunk, this.#end);
    // The first piece has become the whole new body.
    if (this.#replacement !== undefined) this.#replacement = nothing;
  }
}

/** Sends a piece of a body back; an empty one only if it is the end. */
export function sendChunks(send: Send, side: Side, piece: Uint8Array, end: boolean, dynamicMetadata?: Struct): void {
  if (piece.length === 0 && !end && dynamicMetadata === undefined) return;
  let at = 0;
  for (; piece.length - at > maxChunkBytes; at += maxChunkBytes) send(encodeChunk(side, piece.subarray(at, at + maxChunkBytes), false));
  send(encodeChunk(side, piece.subarray(at), end, dynamicMetadata));
}

/** Whether a view would keep much more memory alive than it shows. */
function isSmallPart(chunk: Buffer): boolean {
  return chunk.buffer.byteLength > 2 * chunk.length;
}
