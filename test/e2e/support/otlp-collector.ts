import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** A span as a collector gets it. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** '' for the first of a trace. */
  readonly parentId: string;
  readonly name: string;
  /** Of OpenTelemetry: 2 is a server's, 3 a client's. */
  readonly kind: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** `service.name` of its resource. */
  readonly service: string;
  /** Headers of the request that brought it. */
  readonly headers: IncomingHttpHeaders;
}

export interface OtlpCollector {
  readonly port: number;
  /** Every span so far, oldest first. */
  readonly spans: Span[];
  close(): Promise<void>;
}

/** A collector that takes spans over gRPC, `opentelemetry.proto.collector.trace.v1.TraceService/Export`. */
export async function startGrpcCollector(host = '127.0.0.1'): Promise<OtlpCollector> {
  const spans: Span[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createHttp2Server();
  server.on('session', (session) => sessions.add(session.once('close', () => sessions.delete(session))));
  server.on('stream', (stream, headers) => {
    const known = headers[':path'] === '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      if (known) spans.push(...spansIn(Buffer.concat(chunks).subarray(frameHeader), headers));
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': known ? '0' : '12' }));
      stream.end(Buffer.alloc(frameHeader));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    spans,
    async close() {
      for (const session of sessions) session.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A collector that takes spans over HTTP. */
export async function startHttpCollector(host = '127.0.0.1'): Promise<OtlpCollector> {
  const spans: Span[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const known = request.method === 'POST' && request.url === '/v1/traces';
      if (known) spans.push(...spansIn(Buffer.concat(chunks), request.headers));
      response.writeHead(known ? 200 : 404).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    spans,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A gRPC message comes after a flag and its length. */
const frameHeader = 5;

/** ExportTraceServiceRequest: resource_spans 1 (resource 1 (attributes 1), scope_spans 2 (spans 2)). */
function spansIn(bytes: Uint8Array, headers: IncomingHttpHeaders): Span[] {
  return messages(fieldsOf(bytes), 1).flatMap((resourceSpans) => {
    const resource = attributesOf(messages(resourceSpans, 1).flatMap((message) => messages(message, 1)));
    const spans = messages(resourceSpans, 2).flatMap((scope) => messages(scope, 2));
    return spans.map((span) => spanOf(span, { service: String(resource['service.name']), headers }));
  });
}

/** Span: trace_id 1, span_id 2, parent_span_id 4, name 5, kind 6, attributes 9. */
function spanOf(span: Fields, rest: Pick<Span, 'service' | 'headers'>): Span {
  const hex = (number: number): string => Buffer.from(bytesOf(span, number)).toString('hex');
  return {
    traceId: hex(1),
    spanId: hex(2),
    parentId: hex(4),
    name: Buffer.from(bytesOf(span, 5)).toString(),
    kind: Number(span.get(6)?.[0] ?? 0),
    attributes: attributesOf(messages(span, 9)),
    ...rest,
  };
}

/** KeyValue: key 1, value 2 (string_value 1, int_value 3). */
function attributesOf(list: readonly Fields[]): Record<string, string | number> {
  return Object.fromEntries(list.map((pair) => {
    const value = fieldsOf(bytesOf(pair, 2));
    const number = value.get(3)?.[0];
    return [Buffer.from(bytesOf(pair, 1)).toString(), typeof number === 'number' ? number : Buffer.from(bytesOf(value, 1)).toString()];
  }));
}

/** The fields of a message: number → numbers, or contents of what has a length. */
type Fields = ReadonlyMap<number, readonly (number | Uint8Array)[]>;

function fieldsOf(bytes: Uint8Array): Fields {
  const fields = new Map<number, (number | Uint8Array)[]>();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited) fields.set(number, [...(fields.get(number) ?? []), reader.bytes()]);
    else if (type === WireType.Varint) fields.set(number, [...(fields.get(number) ?? []), Number(reader.int64())]);
    else reader.skip(type, number);
  }
  return fields;
}

function bytesOf(fields: Fields, number: number): Uint8Array {
  const found = fields.get(number)?.[0];
  return found instanceof Uint8Array ? found : new Uint8Array();
}

function messages(fields: Fields, number: number): Fields[] {
  return (fields.get(number) ?? []).flatMap((value) => (value instanceof Uint8Array ? [fieldsOf(value)] : []));
}
