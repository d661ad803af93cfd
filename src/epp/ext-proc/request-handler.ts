import type { IncomingHttpHeaders } from 'node:http2';
import type { Changes, Rejection } from './processing-response.ts';

/** Decides about one request that Envoy holds, and hears what becomes of it. The calls come in the order in which they stand here. */
export interface RequestHandler {
  headers(head: RequestHead): void;
  /** A chunk of the request's body, in order; the last one may be empty. It is a view of what was received: what is kept has to be copied. */
  body?(chunk: Buffer, end: boolean): void;
  /** `ip:port` of the server that answered, when Envoy tells it. */
  served?(address: string): void;
  /** What it gives is changed of the answer's headers; it must not be the headers that came. */
  responseHeaders?(head: ResponseHead): Changes | undefined;
  /** A chunk of the answer's body, in order. What it gives goes on in the place of the chunk; undefined: the chunk itself. Only if Envoy sends bodies of answers. */
  responseBody?(chunk: Buffer, end: boolean): ResponseChunk | undefined;
  /** Once, and last: nothing more comes of this request. */
  closed(reason: CloseReason): void;
}

/** Makes the handler of a request. `metadata` are the headers of Envoy's gRPC call. */
export type HandlerFactory = (control: RequestControl, metadata: Readonly<IncomingHttpHeaders>) => RequestHandler;

/** How a handler acts on its request, at any time. */
export interface RequestControl {
  /** Lets the request go on. The first answer counts: false when there was one, or the request is gone. */
  answer(pick: Pick): boolean;
  /** Answers the client, after an `answer` too. False when the request is gone. `closed` follows. */
  reject(rejection: Rejection): boolean;
  /** Asks Envoy to wait so many milliseconds from now on instead of its message_timeout; it listens once, and up to its max_message_timeout. */
  extend(milliseconds: number): void;
}

export interface RequestHead {
  /** By lower-case name, pseudo headers among them; the values of a header that came several times are joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
  /** The request has no body. */
  readonly endOfStream: boolean;
  /**
   * Whether `body` is called though the request is not answered. If not, the answer is due now. Envoy stops when its buffer is full, 1 MiB unless
   * told otherwise: waiting for the end of a body may be waiting forever, but for one that Envoy gathers or that is held here.
   */
  readonly bodyFollows: boolean;
  /** `ip:port` or `ip` that the pick has to be of; empty: there is none; undefined: any. */
  readonly subset: readonly string[] | undefined;
}

export interface ResponseHead {
  /** As those of a request. */
  readonly headers: ReadonlyMap<string, string>;
  readonly endOfStream: boolean;
}

/** Where a request goes. */
export interface Pick extends Changes {
  /** `ip:port`, the best first; the rest is what Envoy falls back to, in order. Empty: Envoy chooses. */
  readonly endpoints: readonly string[];
  /** Takes the place of the body, all of it. */
  readonly body?: Uint8Array;
}

export interface ResponseChunk {
  readonly body: Uint8Array;
  readonly dynamicMetadata?: NonNullable<Changes['dynamicMetadata']>;
}

export type CloseReason =
  /** The end of the answer was seen. */
  | 'answered'
  /** Envoy let go of the request after it was picked for: the answer is complete, or the client is gone. Envoy does not say which. */
  | 'ended'
  /** Envoy let go of the request before it was picked for: the client is gone, or it took too long. */
  | 'cancelled'
  /** The client got another answer from here. */
  | 'rejected'
  /** Envoy broke the protocol, or the handler threw. */
  | 'failed';
