import { sendChunks } from './duplex-request.ts';
import { encodeBody, encodeHeaders, encodeTrailers, type Changes } from './processing-response.ts';
import type { ResponseChunk } from './request-handler.ts';
import type { Send } from './request-side.ts';

const unchanged = encodeBody('response');

/** The part of a stream's protocol that is about the answer: each message is answered at once. */
export class ResponseSide {
  readonly #send: Send;
  readonly #mode: 'streamed' | 'duplex';

  constructor(send: Send, mode: 'streamed' | 'duplex') {
    this.#send = send;
    this.#mode = mode;
  }

  headers(changes: Changes | undefined): void {
    this.#send(encodeHeaders('response', changes));
  }

  /** What came, and what is to go on in its place. */
  body(chunk: Buffer, end: boolean, replacement: ResponseChunk | undefined): void {
    if (this.#mode === 'duplex') sendChunks(this.#send, 'response', replacement?.body ?? chunk, end, replacement?.dynamicMetadata);
    else this.#send(replacement === undefined ? unchanged : encodeBody('response', replacement));
  }

  trailers(): void {
    this.#send(encodeTrailers('response'));
  }
}
