import { destination } from './destination.ts';
import { encodeBody, encodeHeaders, encodeTrailers } from './processing-response.ts';
import type { Pick } from './request-handler.ts';
import type { RequestSide, Send } from './request-side.ts';

/**
 * A request whose body Envoy gathers. It asks for the headers first, and sends the body when these are answered; the pick goes with the answer to the
 * body, unless it is made at the sight of the headers.
 */
export class BufferedRequest implements RequestSide {
  readonly #send: Send;
  #headersAnswered = false;
  #pick: Pick | undefined;
  /** Came, and is not answered. */
  #owesBody = false;
  #owesTrailers = false;

  constructor(send: Send) {
    this.#send = send;
  }

  headersSeen(): void {
    this.#headersAnswered = true;
    this.#send(encodeHeaders('request'));
  }

  body(): undefined {
    this.#owesBody = true;
    if (this.#pick !== undefined) this.#answerBody(this.#pick);
  }

  trailers(): void {
    if (this.#owesBody) this.#owesTrailers = true;
    else this.#send(encodeTrailers('request'));
  }

  answer(pick: Pick): void {
    if (!this.#headersAnswered) {
      this.#send(encodeHeaders('request', destination(pick)));
      this.#headersAnswered = true;
      this.#pick = pick;
    } else if (this.#owesBody) this.#answerBody(pick);
    else this.#pick = pick;
  }

  drop(): void {}

  #answerBody({ body, ...pick }: Pick): void {
    if (body === undefined) this.#send(encodeBody('request', destination(pick)));
    else {
      // Envoy refuses a new body with the length of the old one.
      const setHeaders = new Map([...(pick.setHeaders ?? []), ['content-length', String(body.length)]]);
      this.#send(encodeBody('request', { ...destination({ ...pick, setHeaders }), body }));
    }
    this.#owesBody = false;
    if (this.#owesTrailers) this.#send(encodeTrailers('request'));
  }
}
