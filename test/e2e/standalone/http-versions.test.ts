import assert from 'node:assert/strict';
import { request as requestTls } from 'node:https';
import { connect, createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { selfSigned } from '../support/certificate.ts';
import { ask, askTls, seenBy, type Reply } from '../support/client.ts';
import { startEchoBackend, type EchoBackend } from '../support/echo-backend.ts';
import { callGrpc, startGrpcBackend, type GrpcBackend } from '../support/grpc.ts';
import { caConfigMap, gatewayWithTls, route, service, standard, tlsPolicy, tlsSecret } from '../support/manifests.ts';
import { freePort, Moongate } from '../support/moongate.ts';

const certificate = selfSigned('app.example.com');

/** A Service whose port says that it speaks HTTP/2. */
function h2cService(name: string, port: number): string {
  return service(name, port).replace('targetPort: 3000', 'targetPort: 3000\n      appProtocol: kubernetes.io/h2c');
}

/** A server that answers when a request is over, with its trailers in the body, and with trailers of its own. */
async function startTrailerServer(): Promise<{ readonly server: Http2Server; readonly sessions: Set<ServerHttp2Session> }> {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer().on('session', (session) => sessions.add(session));
  server.on('stream', (stream) => {
    let seen: IncomingHttpHeaders = {};
    stream.on('trailers', (trailers) => (seen = trailers)).resume().on('end', () => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-checksum': 'of the answer' }));
      stream.end(String(seen['x-checksum']));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, sessions };
}

/** A request by HTTP/2 without TLS that was not negotiated ("prior knowledge", RFC 9113 §3.3), with a body and trailers; the answer, and its trailers. */
async function askH2c(port: number, host: string): Promise<Reply & { readonly trailers: IncomingHttpHeaders }> {
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    return await new Promise((resolve, reject) => {
      session.on('error', reject);
      const stream = session.request({ ':method': 'POST', ':authority': host, ':path': '/' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-checksum': 'of the request' }));
      let headers: Record<string, string | string[] | undefined> = {};
      let trailers: IncomingHttpHeaders = {};
      let body = '';
      stream.on('response', (received) => (headers = received)).on('trailers', (received) => (trailers = received));
      stream.on('data', (chunk: Buffer) => (body += chunk.toString())).on('error', reject);
      stream.on('end', () => resolve({ status: Number(headers[':status']), headers, trailers, body }));
      stream.end('body');
    });
  } finally {
    session.destroy();
  }
}

/** A request by HTTP/1.1 over TLS, which ALPN agrees on when a client offers nothing else. */
function askTls1(port: number, host: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = requestTls({ port, host: '127.0.0.1', servername: host, rejectUnauthorized: false, agent: false, headers: { host } }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    outgoing.on('error', reject).end();
  });
}

suite('versions of HTTP', { timeout: 120_000 }, () => {
  let backends: Readonly<Record<'http1' | 'h2c', EchoBackend>>;
  let trailing: Awaited<ReturnType<typeof startTrailerServer>>;
  let calls: GrpcBackend;
  let port: number;
  let tlsPort: number;
  let moongate: Moongate;

  before(async () => {
    backends = { http1: await startEchoBackend('http1'), h2c: await startEchoBackend('h2c', { protocol: 'h2c' }) };
    trailing = await startTrailerServer();
    calls = await startGrpcBackend('calls', { cert: certificate.chain, key: certificate.privateKey });
    [port, tlsPort] = await Promise.all([freePort(), freePort()]);
    const to = (name: string) => route(name, { host: `${name}.example.com`, rule: `backendRefs: [{name: ${name}, port: 3000}]` });
    moongate = await Moongate.create({
      'gatewayclass.yaml': standard('gatewayclass'),
      'gateway.yaml': gatewayWithTls({ http: port, https: tlsPort }),
      'certificates.yaml': [tlsSecret('example-cert', selfSigned('*.example.com')), caConfigMap('ca', certificate.chain)].join('---\n'),
      'services.yaml': [
        service('http1', backends.http1.port), h2cService('h2c', backends.h2c.port), h2cService('trailing', (trailing.server.address() as AddressInfo).port),
        service('calls', calls.port), tlsPolicy('calls', { hostname: 'app.example.com', ca: 'ca' }),
      ].join('---\n'),
      'routes.yaml': [to('http1'), to('h2c'), to('trailing'), to('calls').replace('kind: HTTPRoute', 'kind: GRPCRoute')].join('---\n'),
    });
    await moongate.start();
  });

  after(async () => {
    await moongate[Symbol.asyncDispose]();
    for (const server of [...Object.values(backends), calls]) await server.close();
    for (const session of trailing.sessions) session.destroy();
    await new Promise((resolve) => trailing.server.close(resolve));
  });

  const clients: readonly [what: string, ask: (host: string) => Promise<Reply>][] = [
    ['HTTP/1.1', (host) => ask(port, { host })],
    ['HTTP/2 by prior knowledge', (host) => askH2c(port, host)],
    ['HTTP/1.1 by ALPN', (host) => askTls1(tlsPort, host)],
    ['HTTP/2 by ALPN', (host) => askTls(tlsPort, { serverName: host, host })],
  ];
  const servers = [['http1', '1.1'], ['h2c', '2.0']] as const;

  for (const [what, send] of clients) {
    for (const [name, version] of servers) {
      test(`${what} from a client, HTTP/${version} to the server`, async () => {
        const { backend, httpVersion } = seenBy(await send(`${name}.example.com`));
        assert.deepEqual([backend, httpVersion], [name, version]);
      });
    }
  }

  test('trailers go both ways', async () => {
    const { body, trailers } = await askH2c(port, 'trailing.example.com');
    assert.deepEqual([body, trailers['x-checksum']], ['of the request', 'of the answer']);
  });

  test('gRPC goes over TLS to a server with a policy, trailers and all', async () => {
    const { status, seen } = await callGrpc(port, { host: 'calls.example.com', path: '/shop.Cart/Add' });
    assert.deepEqual([status, seen?.path], [0, '/shop.Cart/Add']);
  });
});
