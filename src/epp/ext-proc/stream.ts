import { bodyModes, type BodyModes } from './body-modes.ts';
import { BufferedRequest } from './buffered-request.ts';
import { DuplexRequest, type BodyLimits } from './duplex-request.ts';
import { Malformed, readHeaders, type ProcessingRequest, type ProtocolConfiguration } from './processing-request.ts';
import { encodeImmediate, encodeTimeout, type Rejection } from './processing-response.ts';
import type { CloseReason, Pick, RequestControl, RequestHandler } from './request-handler.ts';
import type { Overflow, RequestSide, Send } from './request-side.ts';
import { ResponseSide } from './response-side.ts';
import { StreamedRequest } from './streamed-request.ts';

export interface StreamOptions {
  /** Takes a ProcessingResponse for Envoy. */
  readonly send: Send;
  /** Envoy has broken the protocol: the stream is to be ended, with these words. */
  readonly fail: (message: string) => void;
  readonly limits: BodyLimits;
  readonly handler: (control: RequestControl) => RequestHandler;
}

/**
 * One ext_proc stream, which is one request, without its socket: what Envoy sends goes in, answers come out through `send`.
 *
 *     fresh ─headers─► deciding ─answer─► answered ─┬─end of the answer, of the stream─► over
 *                         ├─ Envoy answers itself ─► passed ─┘        ▲
 *                         └─ reject, broken protocol ─────────────────┴──► mute
 *
 * In `over` the handler is gone, and Envoy's messages are still answered; in `mute` they are not.
 */
export class ExtProcStream implements RequestControl {
  readonly #options: StreamOptions;
  #state: 'fresh' | 'deciding' | 'answered' | 'passed' | 'over' | 'mute' = 'fresh';
  #handler: RequestHandler | undefined;
  #protocol: ProtocolConfiguration | undefined;
  #request: RequestSide | undefined;
  #response: ResponseSide | undefined;
  #served: string | undefined;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  receive(message: ProcessingRequest | Malformed): void {
    if (this.#state === 'mute') return;
    if (message instanceof Malformed) return this.#broken(message.reason);
    try {
      this.#take(message);
    } catch (error) {
      this.#silence('failed');
      throw error;
    }
  }

  /** There is no stream any more. */
  closed(): void {
    if (this.#state === 'mute') return;
    const decided = this.#state === 'answered';
    this.#request?.drop();
    this.#state = 'mute';
    this.#close(decided ? 'ended' : 'cancelled');
  }

  answer(pick: Pick): boolean {
    if (this.#state !== 'deciding') return false;
    this.#request?.answer(pick);
    this.#state = 'answered';
    return true;
  }

  reject(rejection: Rejection): boolean {
    if (this.#state !== 'deciding' && this.#state !== 'answered') return false;
    this.#options.send(encodeImmediate(rejection));
    this.#silence('rejected');
    return true;
  }

  extend(milliseconds: number): void {
    if (this.#state === 'deciding') this.#options.send(encodeTimeout(milliseconds));
  }

  #take(message: ProcessingRequest): void {
    this.#protocol ??= message.protocol;
    switch (message.phase) {
      case 'none':
        return;
      case 'requestHeaders':
        return this.#requestHeaders(message);
      case 'requestBody':
        return this.#requestBody(message.content, message.endOfStream);
      case 'requestTrailers':
        return this.#requestTrailers();
      case 'responseHeaders':
        return this.#responseHeaders(message);
      case 'responseBody':
        return this.#responseBody(message);
      case 'responseTrailers':
        this.#answerBegins(message);
        this.#side().trailers();
        return this.#answerEnds();
    }
  }

  #requestHeaders({ content, endOfStream, metadata }: ProcessingRequest): void {
    if (this.#state !== 'fresh') return this.#broken('request headers that are not the first message');
    const headers = readHeaders(content);
    if (headers instanceof Malformed) return this.#broken(headers.reason);
    const modes = bodyModes(this.#protocol);
    this.#request = this.#requestSide(modes);
    this.#handler = this.#options.handler(this);
    this.#state = 'deciding';
    this.#handler.headers({ headers, endOfStream, bodyFollows: !endOfStream && modes.bodyFollows, subset: metadata?.subset });
    if (this.#isDeciding() && !endOfStream) this.#request.headersSeen();
  }

  #requestSide({ request }: BodyModes): RequestSide {
    const { send, limits } = this.#options;
    return request === 'duplex' ? new DuplexRequest(send, limits) : request === 'buffered' ? new BufferedRequest(send) : new StreamedRequest(send);
  }

  #requestBody(chunk: Buffer, end: boolean): void {
    if (this.#request === undefined) return this.#broken('request body without headers');
    this.#handler?.body?.(chunk, end);
    const overflow = this.#takesRequest() ? this.#request.body(chunk, end) : undefined;
    if (overflow !== undefined) this.reject(rejections[overflow]);
  }

  #requestTrailers(): void {
    if (this.#request === undefined) return this.#broken('request trailers without headers');
    this.#handler?.body?.(nothing, true);
    if (this.#takesRequest()) this.#request.trailers();
  }

  #responseHeaders(message: ProcessingRequest): void {
    this.#answerBegins(message);
    const { content, endOfStream } = message;
    const handler = this.#handler;
    if (handler?.responseHeaders === undefined) this.#side().headers(undefined);
    else {
      const headers = readHeaders(content);
      if (headers instanceof Malformed) return this.#broken(headers.reason);
      const changes = handler.responseHeaders({ headers, endOfStream });
      if (!this.#isMute()) this.#side().headers(changes);
    }
    if (endOfStream) this.#answerEnds();
  }

  #responseBody(message: ProcessingRequest): void {
    this.#answerBegins(message);
    const { content, endOfStream } = message;
    const replacement = this.#handler?.responseBody?.(content, endOfStream);
    if (this.#isMute()) return;
    this.#side().body(content, endOfStream, replacement);
    if (endOfStream) this.#answerEnds();
  }

  /** An answer that comes though the request is not answered is one of Envoy's own: what becomes of the request is settled. */
  #answerBegins({ metadata }: ProcessingRequest): void {
    if (this.#state === 'deciding') {
      this.#state = 'passed';
      this.#request?.drop();
    }
    const served = metadata?.served;
    if (served === undefined || served === this.#served) return;
    this.#served = served;
    this.#handler?.served?.(served);
  }

  #answerEnds(): void {
    if (this.#isMute()) return;
    const reason = this.#state === 'answered' ? 'answered' : 'cancelled';
    if (this.#state === 'answered') this.#state = 'over';
    this.#close(reason);
  }

  #side(): ResponseSide {
    return (this.#response ??= new ResponseSide(this.#options.send, bodyModes(this.#protocol).response));
  }

  #broken(message: string): void {
    this.#silence('failed');
    this.#options.fail(message);
  }

  #silence(reason: CloseReason): void {
    this.#request?.drop();
    this.#state = 'mute';
    this.#close(reason);
  }

  #close(reason: CloseReason): void {
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.closed(reason);
  }

  #isDeciding(): boolean {
    return this.#state === 'deciding';
  }

  #isMute(): boolean {
    return this.#state === 'mute';
  }

  /** Whether messages about the request are answered. */
  #takesRequest(): boolean {
    return this.#state !== 'mute' && this.#state !== 'passed';
  }
}

const nothing = Buffer.alloc(0);

const rejections: Readonly<Record<Overflow, Rejection>> = {
  'body too large': { status: 413, body: 'The request body is too large.\n', details: 'epp_body_too_large' },
  'too many bodies': { status: 503, body: 'Too many request bodies are waiting.\n', details: 'epp_too_many_bodies' },
};
