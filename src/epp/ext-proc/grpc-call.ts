import type { IncomingHttpHeaders } from 'node:http2';

/** Status codes of gRPC that are used here. */
export const grpcStatus = {
  OK: 0,
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
} as const;

export type GrpcStatus = (typeof grpcStatus)[keyof typeof grpcStatus];

/** One call, as who answers it sees it. */
export interface GrpcCall {
  /** Initial metadata, by lower-case name. */
  readonly metadata: Readonly<IncomingHttpHeaders>;
  /** Messages sent within one turn of the event loop go out together. After the end of the call they are dropped. */
  send(message: Uint8Array): void;
  /** Ends the call after what was sent. Only the first end counts. */
  end(status: GrpcStatus, message?: string): void;
}

/** Hears what the client does. None of it comes after `closed`. An error that is thrown ends the call with INTERNAL. */
export interface CallListener {
  /** The bytes are a view of what was received. */
  message(bytes: Buffer): void;
  /** The client sends no more messages. */
  halfClosed(): void;
  /** Exactly once, whoever ended the call and however. */
  closed(): void;
}

/** Answers the calls of one method. */
export type GrpcMethod = (call: GrpcCall) => CallListener;
