import { readMetadata, type PickMetadata } from './pick-metadata.ts';
import { delimited, ProtoReader, varint } from './proto-reader.ts';

/**
 * `envoy.service.ext_proc.v3.ProcessingRequest`, the part that a picker reads.
 *
 *     ProcessingRequest      2 request_headers    3 response_headers    (HttpHeaders)
 *                            4 request_body       5 response_body       (HttpBody)
 *                            6 request_trailers   7 response_trailers   (HttpTrailers)
 *                            8 metadata_context (Metadata)   11 protocol_config (ProtocolConfiguration)
 *     HttpHeaders            1 headers (HeaderMap)    3 end_of_stream
 *     HttpBody               1 body                   2 end_of_stream
 *     HttpTrailers           1 trailers (HeaderMap)
 *     ProtocolConfiguration  1 request_body_mode   2 response_body_mode   3 send_body_without_waiting_for_header_response
 *     HeaderMap              1 HeaderValue*        HeaderValue:  1 key   2 value   3 raw_value
 */
export interface ProcessingRequest {
  readonly phase: Phase;
  /** A HeaderMap for `readHeaders`, or a chunk of the body. A view of the message. */
  readonly content: Buffer;
  /** Of headers: there is no body; of a body: this is the end of it, and no trailers come. */
  readonly endOfStream: boolean;
  readonly metadata: PickMetadata | undefined;
  readonly protocol: ProtocolConfiguration | undefined;
}

/** 'none': a message that says nothing of a request or its answer, such as one about flow control. */
export type Phase = 'none' | 'requestHeaders' | 'responseHeaders' | 'requestBody' | 'responseBody' | 'requestTrailers' | 'responseTrailers';

/** How Envoy sends bodies, told once at the beginning of a stream. The modes are those of ProcessingMode.BodySendMode. */
export interface ProtocolConfiguration {
  readonly requestBodyMode: number;
  readonly responseBodyMode: number;
  /** Of the mode STREAMED: the body comes though the headers are not answered yet. */
  readonly bodyBeforeAnswer: boolean;
}

/** Bytes that are not a message. */
export class Malformed {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

const nothing: Buffer = Buffer.alloc(0);
/** By field number. */
const phases: readonly Phase[] = ['none', 'none', 'requestHeaders', 'responseHeaders', 'requestBody', 'responseBody', 'requestTrailers', 'responseTrailers'];

/** Reads a message; what it gives has views of `bytes`. */
export function decodeProcessingRequest(bytes: Buffer): ProcessingRequest | Malformed {
  const reader = new ProtoReader(bytes);
  let phase: Phase = 'none';
  let content = nothing;
  let endOfStream = false;
  let metadata: PickMetadata | undefined;
  let protocol: ProtocolConfiguration | undefined;
  while (reader.next()) {
    if (reader.tag >= delimited(2) && reader.tag <= delimited(7) && reader.tag === delimited(reader.tag >>> 3)) {
      const field = reader.tag >>> 3;
      const end = varint(field <= 3 ? 3 : 2);
      phase = phases[field] ?? 'none';
      content = nothing;
      endOfStream = false;
      const outer = reader.enter();
      while (reader.next()) {
        if (reader.tag === delimited(1)) content = reader.bytes();
        else if (reader.tag === end) endOfStream = reader.number() !== 0;
        else reader.skip();
      }
      reader.leave(outer);
    } else if (reader.tag === delimited(8)) metadata = readMetadata(reader, metadata);
    else if (reader.tag === delimited(11)) protocol = readProtocol(reader);
    else reader.skip();
  }
  if (reader.failure !== undefined) return new Malformed(`ProcessingRequest: ${reader.failure}`);
  return { phase, content, endOfStream, metadata, protocol };
}

function readProtocol(reader: ProtoReader): ProtocolConfiguration {
  const outer = reader.enter();
  let requestBodyMode = 0;
  let responseBodyMode = 0;
  let bodyBeforeAnswer = false;
  while (reader.next()) {
    if (reader.tag === varint(1)) requestBodyMode = reader.number();
    else if (reader.tag === varint(2)) responseBodyMode = reader.number();
    else if (reader.tag === varint(3)) bodyBeforeAnswer = reader.number() !== 0;
    else reader.skip();
  }
  reader.leave(outer);
  return { requestBodyMode, responseBodyMode, bodyBeforeAnswer };
}

/** Headers by lower-case name, pseudo headers such as `:path` among them; the values of one that comes several times are joined by commas. */
export function readHeaders(headerMap: Buffer): Map<string, string> | Malformed {
  const headers = new Map<string, string>();
  const reader = new ProtoReader(headerMap);
  while (reader.next()) {
    if (reader.tag !== delimited(1)) {
      reader.skip();
      continue;
    }
    const outer = reader.enter();
    let key = '';
    let value = '';
    let raw = '';
    while (reader.next()) {
      if (reader.tag === delimited(1)) key = reader.text();
      else if (reader.tag === delimited(2)) value = reader.text();
      else if (reader.tag === delimited(3)) raw = reader.text();
      else reader.skip();
    }
    reader.leave(outer);
    const name = key.toLowerCase();
    const earlier = headers.get(name);
    // Envoy fills one of the two, raw_value unless it is told otherwise.
    const given = raw === '' ? value : raw;
    headers.set(name, earlier === undefined ? given : `${earlier},${given}`);
  }
  return reader.failure === undefined ? headers : new Malformed(`HeaderMap: ${reader.failure}`);
}
