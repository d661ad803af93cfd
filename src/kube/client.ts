import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { KubeConnection } from './connection.ts';
import { errorOfAnswer, errorOfConnection, errorOfContent, KubeError } from './kube-error.ts';

/** One request to the API server. */
export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the server's base on, without a query. */
  readonly path: string;
  /** Parameters that are undefined are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  readonly body?: unknown;
  /** Media type of the body. */
  readonly contentType?: string;
  readonly accept?: string;
  /** How long the whole request may take; that of the client unless given. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An answer that is still coming in. Whoever gets one reads it to its end or destroys it. */
export interface KubeStream {
  readonly body: AsyncIterable<Buffer>;
  destroy(): void;
}

export interface KubeClientOptions {
  readonly connection: KubeConnection;
  /** `moongate/<version>`: shown in the API server's audit log. */
  readonly userAgent: string;
  /** How long a request may take, in milliseconds; watches have no limit but the one that they ask for. */
  readonly timeoutMs?: number;
  /** Requests in flight, watches not counted; more wait their turn. */
  readonly maxConnections?: number;
  /** Bytes of one answer. A page of 500 large objects has some tens of MB. */
  readonly maxBytes?: number;
}

const defaults = { timeoutMs: 30_000, maxConnections: 64, maxBytes: 256 * 1024 * 1024 };

/** An idle connection is closed after this long: the API server closes its side after 90 s, and a request must not meet that moment. */
const IDLE_MS = 60_000;
/** A peer that vanished without a word is noticed this long after its last packet, and 10 s: the kernel asks it each second from then on. */
const KEEP_ALIVE_MS = 15_000;
const CONNECT_MS = 10_000;

/**
 * The door to one API server: JSON over HTTP/1.1 with connections that are kept. A watch has a connection of its own, so that nothing
 * that is slow keeps anything else waiting. Limits on requests per second are the server's business (API priority and fairness).
 */
export class KubeClient {
  readonly server: string;
  /** The namespace that is meant when none is named. */
  readonly namespace: string;
  readonly #options: Required<KubeClientOptions>;
  readonly #base: URL;
  readonly #requests: HttpAgent;
  readonly #watches: HttpAgent;

  constructor(options: KubeClientOptions) {
    this.#options = { ...defaults, ...options };
    const { server, tls, namespace } = options.connection;
    this.server = server;
    this.namespace = namespace;
    this.#base = new URL(server);
    const common = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, timeout: IDLE_MS, scheduling: 'lifo' as const };
    const isPlain = this.#base.protocol === 'http:';
    const agent = (maxSockets: number): HttpAgent =>
      isPlain ? new HttpAgent({ ...common, maxSockets }) : new HttpsAgent({ ...common, maxSockets, ...tls, ALPNProtocols: ['http/1.1'] });
    this.#requests = agent(this.#options.maxConnections);
    this.#watches = agent(Infinity);
  }

  /** Sends a request and returns the parsed answer. Rejects with a `KubeError`, also when the signal aborts. */
  async request(request: KubeRequest): Promise<unknown> {
    const { timeoutMs = this.#options.timeoutMs, signal } = request;
    const limit = AbortSignal.timeout(timeoutMs);
    const both = signal === undefined ? limit : AbortSignal.any([signal, limit]);
    try {
      const answer = await this.#answer(request, both, this.#requests);
      return await this.#json(request, answer);
    } catch (error) {
      if (limit.aborted && signal?.aborted !== true) throw errorOfConnection(request, new Error(`no answer within ${timeoutMs / 1000} s`));
      throw asKubeError(request, error);
    }
  }

  /** Sends a GET and returns the body as it comes in. The signal ends it at any time. */
  async stream(request: Omit<KubeRequest, 'method' | 'body'> & { readonly signal: AbortSignal }): Promise<KubeStream> {
    const get: KubeRequest = { ...request, method: 'GET' };
    const { timeoutMs = this.#options.timeoutMs } = request;
    const headers = new AbortController();
    const timer = setTimeout(() => headers.abort(), timeoutMs);
    try {
      const answer = await this.#answer(get, AbortSignal.any([request.signal, headers.signal]), this.#watches);
      return { body: readable(get, answer), destroy: () => answer.destroy() };
    } catch (error) {
      if (headers.signal.aborted && !request.signal.aborted) throw errorOfConnection(get, new Error(`no answer within ${timeoutMs / 1000} s`));
      throw asKubeError(get, error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes all connections; requests in flight fail. */
  close(): void {
    this.#requests.destroy();
    this.#watches.destroy();
  }

  /** The answer's head, when it is a good one. A refused credential is fetched anew once. */
  async #answer(request: KubeRequest, signal: AbortSignal, agent: HttpAgent): Promise<IncomingMessage> {
    const { credentials } = this.#options.connection;
    for (let attempt = 1; ; attempt++) {
      const authorization = await credentials.authorization();
      const answer = await this.#send(request, authorization, signal, agent);
      const code = answer.statusCode ?? 0;
      if (code >= 200 && code < 300) return answer;
      const error = errorOfAnswer(request, code, (await this.#read(request, answer)).toString('utf8'), answer.headers['retry-after']);
      if (code !== 401 || authorization === undefined || attempt > 1) throw error;
      credentials.refused();
    }
  }

  async #send(request: KubeRequest, authorization: string | undefined, signal: AbortSignal, agent: HttpAgent): Promise<IncomingMessage> {
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const options: RequestOptions = {
      agent,
      signal,
      method: request.method,
      hostname: this.#base.hostname.replace(/^\[|\]$/g, ''),
      port: this.#base.port,
      path: `${this.#base.pathname.replace(/\/$/, '')}${request.path}${queryOf(request.query)}`,
      headers: {
        accept: request.accept ?? 'application/json',
        'user-agent': this.#options.userAgent,
        ...(authorization === undefined ? {} : { authorization }),
        ...(body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json', 'content-length': body.length }),
      },
    };
    for (;;) {
      signal.throwIfAborted();
      const sent = this.#base.protocol === 'http:' ? httpRequest(options) : httpsRequest(options);
      try {
        return await answerTo(sent, body);
      } catch (error) {
        // A kept connection that the server closed in the very moment that we used it: the request was never read.
        if (!sent.reusedSocket || !isReset(error) || request.method === 'POST') throw error;
      }
    }
  }

  async #json(request: KubeRequest, answer: IncomingMessage): Promise<unknown> {
    const body = await this.#read(request, answer);
    if (body.length === 0) return undefined;
    try {
      return JSON.parse(body.toString('utf8'));
    } catch {
      throw errorOfContent(request, 'the answer is no JSON');
    }
  }

  async #read(request: KubeRequest, answer: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > this.#options.maxBytes) throw errorOfContent(request, `the answer is larger than ${this.#options.maxBytes} bytes`);
      chunks.push(chunk);
    }
    return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  }
}

function answerTo(sent: ClientRequest, body: Buffer | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.on('response', resolve);
    sent.on('error', reject);
    sent.on('socket', (socket) => {
      if (!socket.connecting) return;
      const timer = setTimeout(() => sent.destroy(new Error(`no connection within ${CONNECT_MS / 1000} s`)), CONNECT_MS);
      socket.once('connect', () => clearTimeout(timer));
      socket.once('close', () => clearTimeout(timer));
    });
    sent.end(body);
  });
}

/** A body whose end without the last chunk is an error: Node calls that `aborted`. */
async function* readable(request: KubeRequest, answer: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    throw asKubeError(request, error);
  }
}

function queryOf(query: KubeRequest['query']): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) parameters.set(name, String(value));
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}

function isReset(error: unknown): boolean {
  const code = (error as { readonly code?: unknown }).code;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

function asKubeError(request: KubeRequest, error: unknown): KubeError {
  return error instanceof KubeError ? error : errorOfConnection(request, error);
}
