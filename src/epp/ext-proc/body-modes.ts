import type { ProtocolConfiguration } from './processing-request.ts';

/** How the bodies of a request and of its answer come, and how they are answered. */
export interface BodyModes {
  /**
   * 'streamed': each message is answered by one that changes nothing or the chunk. 'buffered': the headers are answered before the body comes, and the
   * pick is in the answer to the body. 'duplex': headers first, then the body comes back in messages of our own.
   */
  readonly request: 'streamed' | 'buffered' | 'duplex';
  /** Whether the request's body comes before its headers are answered. */
  readonly bodyFollows: boolean;
  readonly response: 'streamed' | 'duplex';
}

/** ProcessingMode.BodySendMode. */
const STREAMED = 1;
const BUFFERED = 2;
const BUFFERED_PARTIAL = 3;
const FULL_DUPLEX_STREAMED = 4;
const GRPC = 5;

/** What Envoy says at the beginning of a stream. Who says nothing is taken to follow the endpoint picker protocol, which knows one mode only. */
export function bodyModes(protocol: ProtocolConfiguration | undefined): BodyModes {
  if (protocol === undefined) return { request: 'duplex', bodyFollows: true, response: 'duplex' };
  const { requestBodyMode: mode, responseBodyMode, bodyBeforeAnswer } = protocol;
  const response = isDuplex(responseBodyMode) ? 'duplex' : 'streamed';
  if (isDuplex(mode)) return { request: 'duplex', bodyFollows: true, response };
  if (mode === BUFFERED || mode === BUFFERED_PARTIAL) return { request: 'buffered', bodyFollows: true, response };
  return { request: 'streamed', bodyFollows: mode === STREAMED && bodyBeforeAnswer, response };
}

function isDuplex(mode: number): boolean {
  return mode === FULL_DUPLEX_STREAMED || mode === GRPC;
}
