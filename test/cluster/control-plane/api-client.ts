import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';

/** How to reach an API server as the administrator. */
export interface ApiAccess {
  /** Such as 'https://10.160.0.2:6443'. */
  readonly server: string;
  readonly token: string;
  /** PEM. */
  readonly ca: string;
}

/** An answer of the API server that is no success. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;

  constructor(what: string, status: number, body: string) {
    super(`${what}: ${status} ${reasonOf(body)}`);
    this.status = status;
  }
}

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  /** Merge patches unless given. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

const timeoutMs = 10_000;

/** The few calls that the cluster itself needs; the product's client is what is tested with it, so it is not used for it. */
export class ApiClient {
  readonly #access: ApiAccess;
  readonly #agent: Agent;

  constructor(access: ApiAccess) {
    this.#access = access;
    this.#agent = new Agent({ keepAlive: true, ca: access.ca });
  }

  /** Sends one request and answers the decoded body. Throws an ApiError for any status from 400 on. */
  async send<T>(path: string, { method = 'GET', body, contentType, signal }: ApiRequest = {}): Promise<T> {
    const response = await this.#open(path, { method, body, contentType: contentType ?? (method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'), signal, timeout: timeoutMs });
    const text = await textOf(response);
    if ((response.statusCode ?? 0) >= 400) throw new ApiError(`${method} ${path}`, response.statusCode ?? 0, text);
    return (text.startsWith('{') ? JSON.parse(text) : text) as T;
  }

  /** The events of a watch, until the API server ends it. */
  async *watch(path: string, signal: AbortSignal): AsyncGenerator<{ readonly type: string; readonly object: unknown }> {
    const response = await this.#open(path, { method: 'GET', signal });
    if (response.statusCode !== 200) throw new ApiError(`GET ${path}`, response.statusCode ?? 0, await textOf(response));
    for await (const line of createInterface({ input: response, crlfDelay: Infinity })) yield JSON.parse(line) as { type: string; object: unknown };
  }

  close(): void {
    this.#agent.destroy();
  }

  #open(path: string, options: { method: string; body?: unknown; contentType?: string; signal?: AbortSignal | undefined; timeout?: number }): Promise<IncomingMessage> {
    const { method, body, contentType, signal, timeout } = options;
    const content = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const outgoing = request(`${this.#access.server}${path}`, {
        method,
        agent: this.#agent,
        headers: {
          authorization: `Bearer ${this.#access.token}`,
          ...(content === undefined ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(content) }),
        },
        ...(signal === undefined ? {} : { signal }),
        ...(timeout === undefined ? {} : { timeout }),
      }, resolve);
      outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer within ${timeoutMs / 1000} s`)));
      outgoing.on('error', reject);
      outgoing.end(content);
    });
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}

function reasonOf(body: string): string {
  try {
    return (JSON.parse(body) as { message?: string }).message ?? body;
  } catch {
    return body;
  }
}
