import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type CallListener, type GrpcCall, type GrpcMethod, type GrpcStatus, grpcStatus } from './grpc-call.ts';
import { type FramingError, frameMessages, MessageReader } from './message-reader.ts';

const responseHeaders = [':status', '200', 'content-type', 'application/grpc'];
/** `sendDate` is missing in the types. */
const responseOptions = { waitForTrailers: true, sendDate: false };
const trailersOnly = { endStream: true, sendDate: false };

const noError = { value: constants.NGHTTP2_NO_ERROR };

const framingErrors: Readonly<Record<FramingError, readonly [GrpcStatus, string]>> = {
  compressed: [grpcStatus.UNIMPLEMENTED, 'compressed messages are not supported'],
  'too-large': [grpcStatus.RESOURCE_EXHAUSTED, 'the message is too large'],
};

export interface Http2CallOptions {
  readonly maxMessageBytes: number;
  /** A bug: the method or its listener threw. */
  readonly onError: (error: unknown) => void;
}

/** A gRPC call on a stream of HTTP/2. While the client does not take what is sent, nothing more is read from it. */
export class Http2Call implements GrpcCall {
  readonly metadata: Readonly<IncomingHttpHeaders>;
  readonly #stream: ServerHttp2Stream;
  readonly #options: Http2CallOptions;
  readonly #reader: MessageReader;
  #listener: CallListener | undefined;
  /** To be written at the end of this turn. */
  #pending: Uint8Array[] = [];
  #ended = false;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, method: GrpcMethod, options: Http2CallOptions) {
    this.metadata = headers;
    this.#stream = stream;
    this.#options = options;
    this.#reader = new MessageReader(options.maxMessageBytes, (message) => this.#message(message));
    // Envoy's resets are the usual end, and 'close' tells of them. Node would make an error of each, with a stack, for a sixth of all that a call costs.
    Object.defineProperty(stream, 'rstCode', noError);
    stream.on('error', () => {});
    stream.on('close', () => this.#closed());
    this.#guard(() => (this.#listener = method(this)));
    stream.on('data', (chunk: Buffer) => this.#data(chunk));
    stream.on('end', () => this.#halfClosed());
  }

  send(message: Uint8Array): void {
    if (this.#ended) return;
    this.#pending.push(message);
    if (this.#pending.length === 1) queueMicrotask(() => this.#flush());
  }

  end(status: GrpcStatus, message?: string): void {
    if (this.#ended) return;
    this.#flush();
    this.#ended = true;
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    // What still comes is read, and dropped.
    stream.resume();
    const trailers = { 'grpc-status': String(status), ...(message !== undefined && { 'grpc-message': percentEncoded(message) }) };
    if (stream.headersSent) {
      stream.once('wantTrailers', () => stream.sendTrailers(trailers));
      stream.end();
    } else stream.respond([...responseHeaders, ...Object.entries(trailers).flat()], trailersOnly);
  }

  #flush(): void {
    const { destroyed, closed, headersSent } = this.#stream;
    const messages = this.#pending;
    if (messages.length === 0) return;
    this.#pending = [];
    if (destroyed || closed || this.#ended) return;
    if (!headersSent) this.#stream.respond(responseHeaders, responseOptions);
    if (this.#stream.write(frameMessages(messages)) || this.#stream.isPaused()) return;
    this.#stream.pause();
    this.#stream.once('drain', () => this.#stream.resume());
  }

  #data(chunk: Buffer): void {
    if (this.#ended) return;
    const error = this.#reader.push(chunk);
    if (error !== undefined) this.end(...framingErrors[error]);
  }

  #message(bytes: Buffer): void {
    if (!this.#ended) this.#guard(() => this.#listener?.message(bytes));
  }

  #halfClosed(): void {
    if (this.#ended) return;
    if (!this.#reader.atBoundary) this.end(grpcStatus.INVALID_ARGUMENT, 'the last message is incomplete');
    else this.#guard(() => this.#listener?.halfClosed());
  }

  #closed(): void {
    this.#ended = true;
    const listener = this.#listener;
    this.#listener = undefined;
    this.#guard(() => listener?.closed());
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.onError(error);
      this.end(grpcStatus.INTERNAL, 'internal error');
    }
  }
}


/** "Percent-Encoded" of PROTOCOL-HTTP2.md: printable ASCII stays, but for the percent sign. */
function percentEncoded(text: string): string {
  return text.toWellFormed().replace(/[^ -~]|%/gu, encodeURIComponent);
}
