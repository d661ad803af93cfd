import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, createServer as createHttp2Server } from 'node:http2';
import type { Http2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContextOptions, TLSSocket, TlsOptions } from 'node:tls';

/** What a backend saw of a request. */
export interface Seen {
  readonly backend: string;
  readonly method: string;
  readonly path: string;
  readonly httpVersion: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bodyLength: number;
  /** Of a connection with TLS: what the client asked for by SNI, and whom its certificate is for. */
  readonly tls?: { readonly serverName: string; readonly version: string; readonly client: string };
}

type AnyRequest = Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'headers' | 'on' | 'socket'>;
type AnyResponse = Pick<ServerResponse, 'writeHead' | 'end'>;

export interface EchoBackend {
  readonly name: string;
  readonly port: number;
  /** Every request so far, oldest first. */
  readonly seen: Seen[];
  /** Handshakes of upgrades so far. */
  readonly upgrades: Pick<Seen, 'method' | 'path' | 'headers'>[];
  /** Targets of CONNECT so far. */
  readonly tunnels: string[];
  close(): Promise<void>;
}

function seenOfTls(socket: TLSSocket): NonNullable<Seen['tls']> {
  const { servername } = socket as { readonly servername?: string | false };
  const { subject } = socket.getPeerCertificate() as { readonly subject?: { readonly CN?: string | string[] } };
  return { serverName: servername || '', version: socket.getProtocol() ?? '', client: String(subject?.CN ?? '') };
}

/**
 * A server that answers with what it saw, as JSON. Asked by query: `status=503`, `fail=N` (the first N requests with this
 * `key` get the status), `delay=MS`, `reset` (closes the connection), `cookie=LINE` (a Set-Cookie, any number of them). With `tls` it speaks
 * HTTP/1.1 and HTTP/2, as ALPN says. Echoes bytes after an upgrade or a CONNECT. Listens on some port of 127.0.0.1 unless told otherwise.
 */
export async function startEchoBackend(
  name: string,
  options: { protocol?: 'http1' | 'h2c'; tls?: SecureContextOptions & TlsOptions; host?: string; port?: number } = {},
): Promise<EchoBackend> {
  const seen: Seen[] = [];
  const tries = new Map<string, number>();

  function answer(request: AnyRequest, response: AnyResponse, drop: () => void): void {
    const { method = '', url: path = '', httpVersion, headers } = request;
    const tls = options.tls === undefined ? {} : { tls: seenOfTls(request.socket as TLSSocket) };
    const saw = { backend: name, method, path, httpVersion, headers, bodyLength: 0, ...tls };
    seen.push(saw);
    request.on('data', (chunk: Buffer) => (saw.bodyLength += chunk.length));
    const query = new URL(`http://echo${saw.path}`).searchParams;
    const key = query.get('key') ?? '';
    const count = (tries.get(key) ?? 0) + 1;
    tries.set(key, count);
    if (query.has('reset')) return drop();
    const fails = count <= Number(query.get('fail') ?? (query.has('status') ? Infinity : 0));
    const reply = () => {
      const cookies = query.getAll('cookie');
      const headers = { 'content-type': 'application/json', 'x-backend': name, 'x-backend-secret': 'hidden', ...(cookies.length > 0 && { 'set-cookie': cookies }) };
      response.writeHead(fails ? Number(query.get('status')) : 200, headers);
      response.end(JSON.stringify(saw));
    };
    const delay = Number(query.get('delay') ?? 0);
    request.on('end', () => {
      if (delay === 0) reply();
      else setTimeout(reply, delay).unref();
    });
  }

  const upgraded = new Set<Duplex>();
  const upgrades: EchoBackend['upgrades'] = [];
  const tunnels: string[] = [];
  const openSocket = (socket: Duplex, head: string): void => {
    upgraded.add(socket);
    socket.on('error', () => socket.destroy());
    socket.write(head);
    socket.on('data', (chunk: Buffer) => socket.write(chunk));
  };
  const server =
    options.tls !== undefined
      ? createSecureServer({ ...options.tls, allowHTTP1: true }, (request, response) => answer(request as unknown as AnyRequest, response as unknown as AnyResponse, () => request.stream.close(8)))
      : options.protocol === 'h2c'
        ? createHttp2Server((request, response) => answer(request as unknown as AnyRequest, response as unknown as AnyResponse, () => request.stream.close(8)))
      : createServer((request, response) => answer(request, response, () => request.socket.destroy()));
  const sessions = new Set<Http2Session>();
  server.on('session', (session: Http2Session) => sessions.add(session.once('close', () => sessions.delete(session))));
  server.on('upgrade', ({ method = '', url: path = '', headers }: IncomingMessage, socket: Duplex) => {
    upgrades.push({ method, path, headers });
    openSocket(socket, 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  });
  server.on('connect', ({ url = '' }: IncomingMessage, socket: Duplex) => {
    tunnels.push(url);
    openSocket(socket, 'HTTP/1.1 200 OK\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve));
  return {
    name,
    port: (server.address() as AddressInfo).port,
    seen,
    upgrades,
    tunnels,
    async close() {
      for (const socket of upgraded) socket.destroy();
      for (const session of sessions) session.destroy();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
