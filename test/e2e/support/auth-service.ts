import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { Http2Session, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** What a service that is asked for authorization was shown. */
export interface Shown {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What it decides: status 200 lets the request pass with the headers, any other answers the client. */
export interface Decision {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface AuthService {
  readonly port: number;
  /** Every check so far, oldest first. */
  readonly shown: Shown[];
  close(): Promise<void>;
}

/** A service that decides by HTTP. */
export async function startHttpAuth(decide: (shown: Shown) => Decision): Promise<AuthService> {
  const shown: Shown[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const check = { method: request.method ?? '', path: request.url ?? '', headers: request.headers as Record<string, string>, body: Buffer.concat(chunks).toString() };
      shown.push(check);
      const { status, headers = {}, body = '' } = decide(check);
      response.writeHead(status, headers).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    shown,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A service that decides by gRPC, `envoy.service.auth.v3.Authorization/Check`. */
export async function startGrpcAuth(decide: (shown: Shown) => Decision): Promise<AuthService> {
  const shown: Shown[] = [];
  const sessions = new Set<Http2Session>();
  const server = createHttp2Server();
  server.on('session', (session: Http2Session) => sessions.add(session.once('close', () => sessions.delete(session))));
  server.on('stream', (stream: ServerHttp2Stream, { ':path': method }) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const known = method === '/envoy.service.auth.v3.Authorization/Check';
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': known ? '0' : '12' }));
      if (!known) return stream.end();
      const check = checkRequest(Buffer.concat(chunks).subarray(frameHeader));
      shown.push(check);
      const message = checkResponse(decide(check));
      const frame = Buffer.alloc(frameHeader);
      frame.writeUInt32BE(message.length, 1);
      stream.end(Buffer.concat([frame, message]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    shown,
    async close() {
      for (const session of sessions) session.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A gRPC message comes after a flag and its length. */
const frameHeader = 5;

/** CheckRequest.attributes.request.http: method 2, headers 3 (a map), path 4, body 11. */
function checkRequest(bytes: Uint8Array): Shown {
  const http = [1, 4, 2].reduce((fields, number) => fieldsOf(fields.get(number)?.[0] ?? new Uint8Array()), fieldsOf(bytes));
  const text = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString();
  const headers = (http.get(3) ?? []).map(fieldsOf).map((entry) => [text(entry.get(1)?.[0]), text(entry.get(2)?.[0])]);
  return { method: text(http.get(2)?.[0]), path: text(http.get(4)?.[0]), headers: Object.fromEntries(headers) as Record<string, string>, body: text(http.get(11)?.[0]) };
}

/** CheckResponse: status 1 (google.rpc.Status: code 1), denied_response 2 (status 1, headers 2, body 3), ok_response 3 (headers 2). */
function checkResponse({ status, headers = {}, body = '' }: Decision): Uint8Array {
  const passes = status === 200;
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int32(passes ? 0 : 7).join();
  writer.tag(passes ? 3 : 2, WireType.LengthDelimited).fork();
  if (!passes) writer.tag(1, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int32(status).join();
  for (const [key, value] of Object.entries(headers)) {
    // HeaderValueOption.header 1: key 1, value 2.
    writer.tag(2, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(key).tag(2, WireType.LengthDelimited).string(value).join().join();
  }
  if (!passes) writer.tag(3, WireType.LengthDelimited).string(body);
  return writer.join().finish();
}

/** The fields of a message that have a length: number → contents. */
function fieldsOf(bytes: Uint8Array): Map<number, Uint8Array[]> {
  const fields = new Map<number, Uint8Array[]>();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited) fields.set(number, [...(fields.get(number) ?? []), reader.bytes()]);
    else reader.skip(type, number);
  }
  return fields;
}
