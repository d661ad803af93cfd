import { request as httpRequest } from 'node:http';
import { connect } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Seen } from './echo-backend.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Ask {
  readonly host?: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

/** Milliseconds after which a request that got no answer fails. */
const patience = 10_000;

/** Sends an HTTP/1.1 request on a connection of its own. */
export function ask(port: number, { host = 'a.test', path = '/', method = 'GET', headers = {}, body }: Ask = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ port, path, method, agent: false, headers: { host, ...headers }, timeout: patience }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() }));
      response.on('error', reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${patience} ms`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** What the backend saw; throws when the answer is not a backend's. */
export function seenBy(reply: Reply): Seen {
  if (reply.status !== 200) throw new Error(`answered ${reply.status}: ${reply.body}`);
  return JSON.parse(reply.body) as Seen;
}

/** Asks for a protocol upgrade; gives the socket after the 101. */
export function upgrade(port: number, host: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const headers = { host, connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' };
    const outgoing = httpRequest({ port, agent: false, headers, timeout: patience });
    outgoing.on('upgrade', (_response, socket) => resolve(socket));
    outgoing.on('response', (response) => reject(new Error(`answered ${response.statusCode}`)));
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${patience} ms`)));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** Sends an HTTP/2 request over TLS whose SNI may differ from its host; certificates are not checked, but returned. */
export async function askTls(port: number, options: { serverName: string; host: string; path?: string }): Promise<Reply & { subject: string }> {
  const session = connect(`https://127.0.0.1:${port}`, { servername: options.serverName, rejectUnauthorized: false });
  try {
    return await new Promise((resolve, reject) => {
      let subject = '';
      session.on('connect', (_session, socket) => (subject = (socket as TLSSocket).getPeerCertificate().subject.CN?.toString() ?? ''));
      session.on('error', reject);
      const stream = session.request({ ':authority': options.host, ':path': options.path ?? '/' });
      stream.setTimeout(patience, () => stream.destroy(new Error(`no answer in ${patience} ms`)));
      let headers: Record<string, string | string[] | undefined> = {};
      let body = '';
      stream.on('response', (received) => (headers = received));
      stream.on('data', (chunk: Buffer) => (body += chunk.toString()));
      stream.on('error', reject);
      stream.on('end', () => resolve({ status: Number(headers[':status']), headers, body, subject }));
    });
  } finally {
    session.destroy();
  }
}
