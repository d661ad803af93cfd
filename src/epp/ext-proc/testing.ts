import assert from 'node:assert/strict';
import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { ProcessingMode_BodySendMode as Mode } from '../../gen/envoy/extensions/filters/http/ext_proc/v3/processing_mode_pb.ts';
import { ProcessingRequestSchema, ProcessingResponseSchema, type CommonResponse, type ProcessingResponse } from '../../gen/envoy/service/ext_proc/v3/external_processor_pb.ts';

export type RequestInit = MessageInitShape<typeof ProcessingRequestSchema>;

type Phase = NonNullable<RequestInit['request']>;

/** How an Envoy is set up. 'unsaid': FULL_DUPLEX_STREAMED of a proxy that does not tell its modes. */
export type ModelMode = 'no-wait' | 'streamed' | 'none' | 'buffered' | 'duplex' | 'unsaid';

const bodyModes = { 'no-wait': Mode.STREAMED, streamed: Mode.STREAMED, none: Mode.NONE, buffered: Mode.BUFFERED, duplex: Mode.FULL_DUPLEX_STREAMED } as const;

export function encode(init: RequestInit): Buffer {
  return Buffer.from(toBinary(ProcessingRequestSchema, create(ProcessingRequestSchema, init)));
}

/** A message that came back, by protobuf-es. */
export function decode(bytes: Uint8Array): ProcessingResponse {
  return fromBinary(ProcessingResponseSchema, new Uint8Array(bytes));
}

/** Bytes that come in pieces. */
export class Bytes {
  readonly #pieces: Uint8Array[] = [];
  length = 0;

  add(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.length += piece.length;
  }

  equals(other: Bytes | Uint8Array): boolean {
    return this.#joined().equals(other instanceof Bytes ? other.#joined() : other);
  }

  #joined(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}

/** One direction of a request, as Envoy keeps account of it. */
interface Direction {
  headers: 'none' | 'asked' | 'answered';
  /** Chunks that were sent. */
  chunks: number;
  /** Chunks that are not answered, where each has to be. */
  readonly asked: Buffer[];
  /** The body that came, and what goes on of it. */
  readonly sent: Bytes;
  readonly on: Bytes;
  /** The end of the body was sent; came back. */
  end: boolean;
  backEnd: boolean;
  trailers: 'none' | 'asked' | 'answered';
}

const fresh = (): Direction => ({ headers: 'none', chunks: 0, asked: [], sent: new Bytes(), on: new Bytes(), end: false, backEnd: false, trailers: 'none' });

/**
 * Envoy's side of an ext_proc stream, from its documentation and from what it does: what it may send when, and which responses it accepts. Anything else
 * fails the request as a "spurious message". Throws on the first that is not accepted.
 */
export class ModelEnvoy {
  readonly mode: ModelMode;
  readonly responseDuplex: boolean;
  readonly request = fresh();
  readonly response = fresh();
  /** Header changes of the request, merged. */
  readonly set = new Map<string, string>();
  readonly metadata: Record<string, unknown> = {};
  immediate: ProcessingResponse | undefined;
  #first = true;

  constructor(mode: ModelMode, responseDuplex: boolean) {
    this.mode = mode;
    this.responseDuplex = responseDuplex || mode === 'unsaid';
  }

  get isDuplex(): boolean {
    return this.mode === 'duplex' || this.mode === 'unsaid';
  }

  /** The next message, or undefined when Envoy would not send it now. */
  next(kind: 'headers' | 'body' | 'trailers', side: 'request' | 'response', chunk: Buffer, end: boolean): Buffer | undefined {
    const direction = this[side];
    if (this.immediate !== undefined || direction.end || direction.trailers !== 'none') return undefined;
    const init = kind === 'headers' ? this.#headers(direction, side, end) : kind === 'body' ? this.#body(direction, side, chunk, end) : this.#trailers(direction, side);
    if (init === undefined) return undefined;
    const first = this.#first;
    this.#first = false;
    if (!first || this.mode === 'unsaid') return encode({ request: init });
    const responseBodyMode = this.responseDuplex ? Mode.FULL_DUPLEX_STREAMED : Mode.STREAMED;
    return encode({ request: init, protocolConfig: { requestBodyMode: bodyModes[this.mode], responseBodyMode, sendBodyWithoutWaitingForHeaderResponse: this.mode === 'no-wait' } });
  }

  #headers(direction: Direction, side: 'request' | 'response', end: boolean): Phase | undefined {
    if (direction.headers !== 'none') return undefined;
    direction.headers = 'asked';
    direction.end = end;
    const headers = { headers: [{ key: ':path', rawValue: Buffer.from('/v1') }] };
    return { case: side === 'request' ? 'requestHeaders' : 'responseHeaders', value: { headers, endOfStream: end } };
  }

  #body(direction: Direction, side: 'request' | 'response', chunk: Buffer, end: boolean): Phase | undefined {
    const waits = side === 'request' ? this.mode === 'streamed' || this.mode === 'buffered' : !this.responseDuplex;
    if (direction.headers === 'none' || (waits && direction.headers !== 'answered')) return undefined;
    if (side === 'request' && (this.mode === 'none' || (this.mode === 'buffered' && direction.chunks > 0))) return undefined;
    direction.chunks++;
    direction.asked.push(chunk);
    direction.sent.add(chunk);
    direction.end = end;
    return { case: side === 'request' ? 'requestBody' : 'responseBody', value: { body: chunk, endOfStream: end } };
  }

  #trailers(direction: Direction, side: 'request' | 'response'): Phase | undefined {
    const waits = side === 'request' ? !this.isDuplex && this.mode !== 'no-wait' : !this.responseDuplex;
    if (direction.headers === 'none' || (waits && direction.headers !== 'answered')) return undefined;
    direction.trailers = 'asked';
    return { case: side === 'request' ? 'requestTrailers' : 'responseTrailers', value: { trailers: { headers: [] } } };
  }

  /** Takes a response. */
  accept(bytes: Uint8Array): void {
    assert.equal(this.immediate, undefined, 'a message after an immediate response');
    const message = decode(bytes);
    if (message.dynamicMetadata !== undefined) Object.assign(this.metadata, message.dynamicMetadata);
    switch (message.response.case) {
      case 'requestHeaders':
        return this.#acceptHeaders(this.request, message.response.value.response);
      case 'responseHeaders':
        return this.#acceptHeaders(this.response, message.response.value.response);
      case 'requestBody':
        return this.#acceptBody(this.request, this.isDuplex, message.response.value.response);
      case 'responseBody':
        return this.#acceptBody(this.response, this.responseDuplex, message.response.value.response);
      case 'requestTrailers':
        return this.#acceptTrailers(this.request, this.isDuplex);
      case 'responseTrailers':
        return this.#acceptTrailers(this.response, this.responseDuplex);
      case 'immediateResponse':
        this.immediate = message;
        return;
      case undefined:
        assert.ok(message.overrideMessageTimeout !== undefined, 'a message without content');
        assert.notEqual(this.request.headers, 'none', 'more time, and nothing was asked');
        return;
      default:
        assert.fail(`a message ${message.response.case}`);
    }
  }

  #acceptHeaders(direction: Direction, common: CommonResponse | undefined): void {
    assert.equal(direction.headers, 'asked', 'an answer to headers that was not asked for');
    direction.headers = 'answered';
    this.#apply(direction, common);
  }

  #acceptBody(direction: Direction, duplex: boolean, common: CommonResponse | undefined): void {
    assert.equal(direction.headers, 'answered', 'an answer to the body before that to the headers');
    assert.notEqual(direction.trailers, 'answered', 'a body after the trailers');
    assert.ok(direction.chunks > 0, 'an answer to a body that did not come');
    this.#apply(direction, common);
    const mutation = common?.bodyMutation?.mutation;
    if (!duplex) {
      const chunk = direction.asked.shift();
      assert.ok(chunk !== undefined, 'an answer to a chunk that was not sent');
      assert.notEqual(mutation?.case, 'streamedResponse', 'a streamed chunk in another mode');
      if (mutation?.case === 'body') direction.on.add(mutation.value);
      else if (mutation?.case !== 'clearBody') direction.on.add(chunk);
      return;
    }
    assert.ok(mutation?.case === 'streamedResponse', 'an answer to a body that does not give it back');
    assert.ok(!direction.backEnd, 'a chunk after the last');
    assert.ok(mutation.value.body.length <= 62_000, `a chunk of ${mutation.value.body.length} bytes`);
    direction.on.add(mutation.value.body);
    direction.backEnd = mutation.value.endOfStream;
    if (direction.backEnd) assert.ok(direction.end, 'an end that did not come');
  }

  #acceptTrailers(direction: Direction, duplex: boolean): void {
    assert.equal(direction.trailers, 'asked', 'an answer to trailers that was not asked for');
    if (!duplex) assert.equal(direction.asked.length, 0, 'an answer to trailers before that to a chunk');
    assert.equal(direction.headers, 'answered', 'an answer to trailers before that to the headers');
    direction.trailers = 'answered';
  }

  #apply(direction: Direction, common: CommonResponse | undefined): void {
    if (direction !== this.request) return;
    for (const { header } of common?.headerMutation?.setHeaders ?? []) this.set.set(header?.key ?? '', Buffer.from(header?.rawValue ?? []).toString());
  }
}
