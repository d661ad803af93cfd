import { connect, constants, createSecureServer, createServer, type IncomingHttpHeaders, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';

/** What a gRPC server saw of a call. */
export interface SeenCall {
  readonly backend: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

export interface GrpcBackend {
  readonly name: string;
  readonly port: number;
  /** Every call so far, oldest first. */
  readonly seen: readonly SeenCall[];
  close(): Promise<void>;
}

/** A gRPC server, without TLS unless told otherwise, that answers every unary call with what it saw, as JSON. */
export async function startGrpcBackend(name: string, tls?: { readonly cert: string; readonly key: string }): Promise<GrpcBackend> {
  const seen: SeenCall[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = tls === undefined ? createServer() : createSecureServer(tls);
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    const call: SeenCall = { backend: name, path: headers[':path'] ?? '', headers };
    seen.push(call);
    stream.resume().on('end', () => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(frame(JSON.stringify(call)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    name,
    port: (server.address() as AddressInfo).port,
    seen,
    async close() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The outcome of a call. */
export interface CallReply {
  /** `grpc-status`: 0 is OK, 12 UNIMPLEMENTED, 14 UNAVAILABLE. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** What the backend saw; undefined where none answered. */
  readonly seen: SeenCall | undefined;
}

/** Milliseconds after which a call that got no answer fails. */
const patience = 10_000;

/** Makes a unary call without TLS, with an empty message. */
export async function callGrpc(port: number, { host, path, headers = {} }: { readonly host: string; readonly path: string; readonly headers?: Readonly<Record<string, string>> }): Promise<CallReply> {
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    return await new Promise((resolve, reject) => {
      session.on('error', reject);
      const stream = session.request({ ':method': 'POST', ':authority': host, ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers });
      stream.setTimeout(patience, () => stream.close(constants.NGHTTP2_CANCEL));
      let received: IncomingHttpHeaders = {};
      const chunks: Buffer[] = [];
      let trailers: IncomingHttpHeaders = {};
      stream.on('response', (found) => (received = found));
      stream.on('trailers', (found) => (trailers = found));
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', reject);
      stream.on('end', () => {
        const body = Buffer.concat(chunks);
        const status = Number(trailers['grpc-status'] ?? received['grpc-status']);
        resolve({ status, headers: received, seen: body.length === 0 ? undefined : seenIn(body) });
      });
      stream.end(frame(''));
    });
  } finally {
    session.destroy();
  }
}

/** The first message of a gRPC stream: one byte of flags, four of length, the message. */
export function seenIn(body: Buffer): SeenCall {
  return JSON.parse(body.subarray(5, 5 + body.readUInt32BE(1)).toString()) as SeenCall;
}

/** A message as it goes over the wire. */
export function frame(message: string): Buffer {
  const body = Buffer.from(message);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}
