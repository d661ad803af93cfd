import { chmod } from 'node:fs/promises';
import { createSecureServer, createServer, type Http2SecureServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';
import { clearStaleSocket } from '../../util/socket-file.ts';
import { grpcStatus, type GrpcMethod } from './grpc-call.ts';
import { Http2Call, type Http2CallOptions } from './http2-call.ts';

export interface GrpcServerOptions extends Http2CallOptions {
  /** By path, `/package.Service/Method`. */
  readonly methods: ReadonlyMap<string, GrpcMethod>;
  /** Connections beyond it are closed at once. */
  readonly maxConnections: number;
  readonly maxStreamsPerConnection: number;
  /** A peer is asked after so many milliseconds whether it is there, and given up when it has not said so by the next time. Default 30 s. */
  readonly keepAliveMs?: number;
  /** PEM. Without it HTTP/2 is spoken in the clear. */
  readonly tls?: ServerCertificate;
}

export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
}

/** A unix socket, or a TCP port, 0 for any. */
export type ListenAddress = { readonly path: string } | { readonly host: string; readonly port: number };

/** How much a client may send before it is read, bytes: on one stream, on all of a connection. */
const STREAM_WINDOW = 1024 * 1024;
const CONNECTION_WINDOW = 16 * 1024 * 1024;
/** What nghttp2 may take for one connection, MB; beyond it new streams are refused. */
const CONNECTION_MEMORY_MB = 512;
const MAX_HEADER_BYTES = 64 * 1024;
const KEEPALIVE_MS = 30_000;
/**
 * Envoy resets each stream that it is done with. For node:http2 that is an attack by default (CVE-2023-44487), and it drops the connection with all
 * requests on it; whoever may connect here is no stranger.
 */
const RESETS = 1_000_000_000;

/** A gRPC server on node:http2 that hands bytes to methods, and knows nothing of messages. */
export class GrpcServer {
  readonly #server: Http2Server | Http2SecureServer;
  readonly #options: GrpcServerOptions;
  readonly #sessions = new Set<ServerHttp2Session>();
  #closing = false;

  /** Throws when certificate or key cannot be used. */
  constructor(options: GrpcServerOptions) {
    this.#options = options;
    const { tls, maxConnections, maxStreamsPerConnection } = options;
    const settings = { initialWindowSize: STREAM_WINDOW, maxConcurrentStreams: maxStreamsPerConnection, maxHeaderListSize: MAX_HEADER_BYTES };
    const common = { settings, maxSessionMemory: CONNECTION_MEMORY_MB, streamResetBurst: RESETS, streamResetRate: RESETS };
    this.#server = tls === undefined ? createServer(common) : createSecureServer({ ...common, ...tls, minVersion: 'TLSv1.2', ALPNProtocols: ['h2'] });
    this.#server.maxConnections = maxConnections;
    this.#server.on('session', (session: ServerHttp2Session) => this.#session(session));
    this.#server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => this.#stream(stream, headers));
    this.#server.on('sessionError', () => {});
  }

  get connections(): number {
    return this.#sessions.size;
  }

  /** Listens; resolves to `host:port`, or the path of the socket, which only this user can open. What a dead process left there is removed. */
  async listen(address: ListenAddress): Promise<string> {
    if ('path' in address) await clearStaleSocket(address.path);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(address, () => {
        this.#server.off('error', reject);
        // What an open server says: it could not accept somebody, for want of file descriptors.
        this.#server.on('error', this.#options.onError);
        resolve();
      });
    });
    if ('path' in address) {
      await chmod(address.path, 0o600);
      return address.path;
    }
    const { address: host, port } = this.#server.address() as AddressInfo;
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  }

  /** Handshakes from here on show this certificate. Throws when it cannot be used: then what was there stays. */
  updateCertificate(certificate: ServerCertificate): void {
    if (!('setSecureContext' in this.#server)) throw new Error('gRPC server: it speaks without TLS');
    createSecureContext(certificate);
    this.#server.setSecureContext({ ...certificate, minVersion: 'TLSv1.2' });
  }

  /** Takes no more connections and calls; resolves when all calls have ended. After `graceMs` those that have not are cut. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#sessions) session.close();
    const timer = setTimeout(() => {
      for (const session of this.#sessions) session.destroy();
    }, graceMs);
    await closed;
    clearTimeout(timer);
  }

  #session(session: ServerHttp2Session): void {
    if (this.#closing) return session.destroy();
    this.#sessions.add(session);
    session.setLocalWindowSize(CONNECTION_WINDOW);
    let answered = true;
    const keepAlive = setInterval(() => {
      if (session.destroyed) return;
      if (!answered) return session.destroy();
      answered = false;
      session.ping(() => (answered = true));
    }, this.#options.keepAliveMs ?? KEEPALIVE_MS).unref();
    session.on('error', () => {});
    session.once('close', () => {
      clearInterval(keepAlive);
      this.#sessions.delete(session);
    });
  }

  #stream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const isGrpc = headers[':method'] === 'POST' && headers['content-type']?.startsWith('application/grpc') === true;
    const method = this.#options.methods.get(headers[':path'] ?? '');
    if (isGrpc && method !== undefined) {
      new Http2Call(stream, headers, method, this.#options);
      return;
    }
    stream.on('error', () => {});
    stream.resume();
    // "Servers … should respond with HTTP status 415 Unsupported Media Type" to other content (PROTOCOL-HTTP2.md)
    if (!isGrpc) stream.respond({ ':status': 415 }, { endStream: true });
    else stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(grpcStatus.UNIMPLEMENTED), 'grpc-message': 'unknown method' }, { endStream: true });
  }
}
