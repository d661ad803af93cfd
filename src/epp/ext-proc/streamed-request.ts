import { destination } from './destination.ts';
import { encodeBody, encodeHeaders, encodeTrailers } from './processing-response.ts';
import type { Pick } from './request-handler.ts';
import type { RequestSide, Send } from './request-side.ts';

const unchanged = encodeBody('request');
const cleared = encodeBody('request', { body: new Uint8Array() });
const trailers = encodeTrailers('request');

/**
 * A request whose chunks are each answered by one message, whether they come before the headers are answered or after. Envoy applies the answer to the
 * headers as long as it has not had one to a chunk: so what came earlier is answered behind it.
 */
export class StreamedRequest implements RequestSide {
  readonly #send: Send;
  #answered = false;
  /** Chunks that are not answered. */
  #owed = 0;
  #owesTrailers = false;
  /** What the next chunk becomes, if not what it is. */
  #next = unchanged;

  constructor(send: Send) {
    this.#send = send;
  }

  headersSeen(): void {}

  body(): undefined {
    if (!this.#answered) this.#owed++;
    else this.#answerChunk();
  }

  trailers(): void {
    if (this.#answered) this.#send(trailers);
    else this.#owesTrailers = true;
  }

  answer(pick: Pick): void {
    const headers = encodeHeaders('request', destination(pick));
    if (pick.body !== undefined) this.#next = encodeBody('request', { body: pick.body });
    this.#answered = true;
    this.#send(headers);
    for (; this.#owed > 0; this.#owed--) this.#answerChunk();
    if (this.#owesTrailers) this.#send(trailers);
  }

  drop(): void {}

  #answerChunk(): void {
    this.#send(this.#next);
    // The first chunk has become the whole new body.
    if (this.#next !== unchanged) this.#next = cleared;
  }
}
