import { ProtoWriter } from './proto-writer.ts';
import { writeStruct, type Struct } from './struct.ts';

/**
 * `envoy.service.ext_proc.v3.ProcessingResponse`. Last fields come first in the code, see ProtoWriter.
 *
 *     ProcessingResponse    1 request_headers   2 response_headers    (HeadersResponse: 1 CommonResponse)
 *                           3 request_body      4 response_body       (BodyResponse: 1 CommonResponse)
 *                           5 request_trailers  6 response_trailers   (TrailersResponse)
 *                           7 immediate_response   8 dynamic_metadata (Struct)   10 override_message_timeout (Duration)
 *     CommonResponse        2 header_mutation   3 body_mutation   5 clear_route_cache
 *     HeaderMutation        1 set_headers (HeaderValueOption)*   2 remove_headers*
 *     HeaderValueOption     1 header (HeaderValue: 1 key   3 raw_value)   3 append_action   4 keep_empty_value
 *     BodyMutation          1 body   2 clear_body   3 streamed_response (StreamedBodyResponse: 1 body   2 end_of_stream)
 *     ImmediateResponse     1 status (HttpStatus: 1 code)   2 headers (HeaderMutation)   3 body   5 details
 *     Duration              1 seconds   2 nanos
 */

/** What an answer changes of headers, and tells Envoy and the filters after this one. */
export interface Changes {
  /** Replace what is there under these names. */
  readonly setHeaders?: ReadonlyMap<string, string>;
  readonly removeHeaders?: readonly string[];
  /** By namespace, such as `envoy.lb`. */
  readonly dynamicMetadata?: Struct;
  /** Envoy chooses the route again, by the new headers. */
  readonly clearRouteCache?: boolean;
}

/** An answer to the client in place of a model server's. */
export interface Rejection {
  readonly status: number;
  readonly headers?: ReadonlyMap<string, string>;
  readonly body?: string;
  /** For Envoy's access log. */
  readonly details?: string;
}

/** Whose headers, body or trailers a response is about: the request's, or those of its answer. */
export type Side = 'request' | 'response';

/** Most bytes of a StreamedBodyResponse's chunk: the whole message has to stay below 64 KiB. */
export const maxChunkBytes = 62_000;

const OVERWRITE_IF_EXISTS_OR_ADD = 2;

/** Used by one message at a time: encoding is synchronous. Each begins by clearing what an error may have left. */
const writer = new ProtoWriter();

const firstField = { headers: 1, body: 3, trailers: 5 };
const fieldOf = (part: keyof typeof firstField, side: Side): number => firstField[part] + (side === 'request' ? 0 : 1);

export function encodeHeaders(side: Side, changes: Changes = {}): Buffer {
  return encodeCommon(fieldOf('headers', side), changes);
}

/** Answers one chunk, or a whole body where Envoy gathered it; `body` takes its place. */
export function encodeBody(side: Side, changes: Changes & { readonly body?: Uint8Array } = {}): Buffer {
  return encodeCommon(fieldOf('body', side), changes);
}

function encodeCommon(field: number, { dynamicMetadata, clearRouteCache, body, setHeaders, removeHeaders }: Changes & { readonly body?: Uint8Array }): Buffer {
  writer.clear();
  if (dynamicMetadata !== undefined) writeMetadata(dynamicMetadata);
  const mark = writer.length;
  if (clearRouteCache === true) writer.boolean(5, true);
  if (body !== undefined) {
    const mutation = writer.length;
    if (body.length === 0) writer.boolean(2, true);
    else writer.bytes(1, body);
    writer.wrap(3, mutation);
  }
  writeHeaderMutation(2, setHeaders, removeHeaders);
  writer.wrap(1, mark);
  writer.wrap(field, mark);
  return writer.finish();
}

/** A chunk of a body in the mode FULL_DUPLEX_STREAMED, of `maxChunkBytes` at the most. */
export function encodeChunk(side: Side, chunk: Uint8Array, endOfStream: boolean, dynamicMetadata?: Struct): Buffer {
  writer.clear();
  if (dynamicMetadata !== undefined) writeMetadata(dynamicMetadata);
  const mark = writer.length;
  if (endOfStream) writer.boolean(2, true);
  if (chunk.length > 0) writer.bytes(1, chunk);
  writer.wrap(3, mark);
  writer.wrap(3, mark);
  writer.wrap(1, mark);
  writer.wrap(fieldOf('body', side), mark);
  return writer.finish();
}

export function encodeTrailers(side: Side, { setHeaders, removeHeaders, dynamicMetadata }: Changes = {}): Buffer {
  writer.clear();
  if (dynamicMetadata !== undefined) writeMetadata(dynamicMetadata);
  const mark = writer.length;
  writeHeaderMutation(1, setHeaders, removeHeaders);
  writer.wrap(fieldOf('trailers', side), mark);
  return writer.finish();
}

export function encodeImmediate({ status, headers, body = '', details = '' }: Rejection): Buffer {
  writer.clear();
  if (details !== '') writer.text(5, details);
  if (body !== '') writer.text(3, body);
  writeHeaderMutation(2, headers, undefined);
  const mark = writer.length;
  writer.number(1, status);
  writer.wrap(1, mark);
  writer.wrap(7, 0);
  return writer.finish();
}

/** Asks Envoy to wait so long (ms) for the next response, once in each wait. */
export function encodeTimeout(milliseconds: number): Buffer {
  writer.clear();
  const seconds = Math.floor(milliseconds / 1000);
  const nanos = Math.floor((milliseconds - seconds * 1000) * 1e6);
  if (nanos > 0) writer.number(2, nanos);
  if (seconds > 0) writer.number(1, seconds);
  writer.wrap(10, 0);
  return writer.finish();
}

function writeMetadata(metadata: Struct): void {
  const mark = writer.length;
  writeStruct(writer, metadata);
  writer.wrap(8, mark);
}

function writeHeaderMutation(field: number, set: ReadonlyMap<string, string> = new Map(), remove: readonly string[] = []): void {
  if (set.size === 0 && remove.length === 0) return;
  const mark = writer.length;
  for (const name of remove.toReversed()) writer.text(2, name);
  for (const [name, value] of [...set].reverse()) {
    const option = writer.length;
    if (value === '') writer.boolean(4, true);
    writer.number(3, OVERWRITE_IF_EXISTS_OR_ADD);
    const header = writer.length;
    if (value !== '') writer.text(3, value);
    writer.text(1, name);
    writer.wrap(1, header);
    writer.wrap(1, option);
  }
  writer.wrap(field, mark);
}
