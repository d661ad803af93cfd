import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { request, type Agent, type ClientRequest, type RequestOptions } from 'node:http';

/** What the conformance suite's echo server says of a request. */
export interface Echo {
  readonly path: string;
  readonly host: string;
  readonly method: string;
  readonly proto: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly namespace: string;
  readonly pod: string;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface Question {
  /** Where to connect to. */
  readonly address: string;
  /** Default 80, or 443 with an authority. */
  readonly port?: number;
  /** The Host header, and the name in TLS. */
  readonly host: string;
  readonly path?: string;
  readonly method?: 'GET' | 'POST';
  readonly body?: string;
  /** A pool of connections; a connection of its own unless given. */
  readonly agent?: Agent;
  /** PEM; speaks TLS and trusts this alone. */
  readonly authority?: string;
  /** ms; default 10 s. */
  readonly timeout?: number;
}

/** Sends one request. Rejects when there is no whole answer in time. */
export function ask({ address, port, host, path = '/get', method = 'GET', body, agent, authority, timeout = 10_000 }: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions = {
      host: address, port: port ?? (authority === undefined ? 80 : 443), path, method, timeout, agent: agent ?? false,
      headers: { host, ...(body === undefined ? {} : { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(body) }) },
    };
    const call: ClientRequest = authority === undefined ? request(options) : tlsRequest({ ...options, servername: host, agent: new TlsAgent({ ca: authority }) });
    call.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      response.on('error', reject);
    });
    call.on('timeout', () => call.destroy(Object.assign(new Error(`no answer in ${timeout} ms`), { code: 'timeout' })));
    call.on('error', reject);
    call.end(body);
  });
}

/** What the backend saw; throws when the answer is not a backend's. */
export function echoOf({ status, body }: Answer): Echo {
  if (status !== 200) throw new Error(`answered ${status}: ${body}`);
  return JSON.parse(body) as Echo;
}
