import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '../util/log.ts';
import { clearStaleSocket } from '../util/socket-file.ts';
import { hostOnly, isLoopback } from './loopback.ts';

/** Names of headers and their values, all together; the request line counts too. */
const maxHeaderBytes = 32 * 1024;
/** Milliseconds in which a request has to arrive. */
const requestMs = 5_000;
/** Milliseconds for which an idle connection is kept. */
const keepAliveMs = 5_000;
/** Connections at a time. */
const maxConnections = 64;

/** What is answered to a request. */
export interface AdminAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Answers for one path. What it throws becomes a 500 that says no more than that. */
export type AdminHandler = (query: URLSearchParams) => AdminAnswer | Promise<AdminAnswer>;

/** An answer in JSON. */
export function jsonAnswer(value: unknown, status = 200): AdminAnswer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value, undefined, 1)}\n` };
}

/** An answer in plain text. */
export function textAnswer(text: string, status = 200): AdminAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body: text };
}

/**
 * The admin port: reads only, for this machine only.
 *
 * Whoever can open a connection may read everything, so it listens on loopback, and a request must name a loopback host:
 * otherwise a web page could have its own name resolved to 127.0.0.1 and read along ("DNS rebinding").
 * With `public`, anybody may ask by any name: for probes and metrics, which tell nothing that is a secret in a cluster.
 */
export class AdminServer {
  readonly #server: Server;
  readonly #handlers: ReadonlyMap<string, AdminHandler>;
  readonly #log: Log;
  readonly #public: boolean;

  constructor(options: { readonly handlers: ReadonlyMap<string, AdminHandler>; readonly log: Log; readonly public?: boolean }) {
    this.#public = options.public === true;
    this.#handlers = options.handlers;
    this.#log = options.log;
    this.#server = createServer(
      { maxHeaderSize: maxHeaderBytes, requestTimeout: requestMs, headersTimeout: requestMs, keepAliveTimeout: keepAliveMs, connectionsCheckingInterval: 1_000 },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.maxConnections = maxConnections;
  }

  /** Listens; port 0 for any. Resolves to the port, rejects as `listen` fails, and for an address that is not loopback. */
  async listen(host: string, port: number): Promise<number> {
    if (!this.#public && !isLoopback(host)) throw new Error(`the admin port is for this machine only: ${host} is not a loopback address`);
    this.#server.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port, exclusive: true });
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** Listens on a socket that only this user can open. Rejects when somebody else listens there. */
  async listenOnSocket(path: string): Promise<void> {
    await clearStaleSocket(path);
    this.#server.listen({ path });
    await once(this.#server, 'listening');
    await chmod(path, 0o600);
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.#answer(request);
    const body = Buffer.from(answer.body);
    response.writeHead(answer.status, {
      'content-type': answer.contentType,
      'content-length': body.length,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(answer.status === 405 && { allow: 'GET, HEAD' }),
      // What is left of a request that was not wanted is not read.
      ...(answer.status >= 400 && !request.complete && { connection: 'close' }),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  async #answer(request: IncomingMessage): Promise<AdminAnswer> {
    if (request.method !== 'GET' && request.method !== 'HEAD') return textAnswer('only GET and HEAD\n', 405);
    const { host, 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
    if (!this.#public && (host === undefined || !isLoopback(hostOnly(host)))) return textAnswer('the Host header must name this machine: 127.0.0.1 or localhost\n', 403);
    if (length !== '0' || encoding !== undefined) return textAnswer('a request has no body\n', 413);
    // Joined, not resolved: a double slash at the start would be a host.
    const url = URL.parse(`http://admin${request.url ?? '/'}`);
    if (url === null) return textAnswer('not a path\n', 400);
    const handler = this.#handlers.get(url.pathname);
    if (handler === undefined) return textAnswer(`nothing is at ${url.pathname}: see /\n`, 404);
    try {
      return await handler(url.searchParams);
    } catch (error) {
      this.#log.error({ err: error, path: url.pathname }, 'admin request failed');
      return textAnswer('internal error: see the log\n', 500);
    }
  }
}
