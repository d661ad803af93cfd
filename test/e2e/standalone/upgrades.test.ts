import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { connect } from 'node:net';
import { after, before, suite, test } from 'node:test';
import type { Duplex } from 'node:stream';
import { selfSigned } from '../support/certificate.ts';
import { ask, upgrade } from '../support/client.ts';
import { startEchoBackend, type EchoBackend } from '../support/echo-backend.ts';
import { caConfigMap, route, service, standard, tlsPolicy } from '../support/manifests.ts';
import { eventually, freePort, Moongate } from '../support/moongate.ts';

const certificate = selfSigned('app.example.com');

/** What comes back for a line. */
async function echo(socket: Duplex, line: string): Promise<string> {
  socket.write(line);
  const [data] = (await once(socket, 'data', { signal: AbortSignal.timeout(5000) })) as [Buffer];
  return data.toString();
}

/** A tunnel, or any other use of CONNECT, by HTTP/2. Needs the peer's settings, which say whether it takes `:protocol`. */
async function connectBy(session: ClientHttp2Session, headers: Readonly<Record<string, string>>): Promise<{ readonly status: number; readonly stream: ClientHttp2Stream }> {
  if (session.remoteSettings?.enableConnectProtocol !== true) await once(session, 'remoteSettings', { signal: AbortSignal.timeout(5000) });
  const stream = session.request({ ':method': 'CONNECT', ...headers }, { endStream: false });
  const [received] = (await once(stream, 'response', { signal: AbortSignal.timeout(5000) })) as [{ readonly ':status': number }];
  return { status: received[':status'], stream };
}

const webSocket = (host: string) => ({ ':protocol': 'websocket', ':scheme': 'http', ':path': '/chat', ':authority': host, 'sec-websocket-version': '13' });

/** A CONNECT by HTTP/1.1; the socket where it was answered with 200. */
function tunnel(port: number, to: string): Promise<{ readonly status: number; readonly socket: Duplex }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, method: 'CONNECT', path: to, headers: { host: to }, agent: false });
    outgoing.on('connect', (response, socket) => resolve({ status: response.statusCode ?? 0, socket }));
    outgoing.on('error', reject).end();
  });
}

/** A frame of HTTP/2 (RFC 9113 §4.1). */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Field lines as HPACK has them at their longest: not indexed, names spelt out (RFC 7541 §6.2.2). */
function fieldLines(fields: Readonly<Record<string, string>>): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
  return Buffer.concat(Object.entries(fields).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

/** What a server says to a first request by HTTP/2 with header fields that no proper client would send. The types of its frames. */
async function answersTo(port: number, fields: Readonly<Record<string, string>>): Promise<Set<number>> {
  const socket = connect(port, '127.0.0.1');
  socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0, Buffer.alloc(0)), frame(1, 4, 1, fieldLines(fields))]));
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => {});
  const types = () => {
    const found = new Set<number>();
    const all = Buffer.concat(chunks);
    for (let at = 0; at + 9 <= all.length; at += 9 + all.readUIntBE(at, 3)) found.add(all.readUInt8(at + 3));
    return found;
  };
  await eventually('HEADERS, RST_STREAM, GOAWAY, or the end', () => socket.closed || [1, 3, 7].some((type) => types().has(type)));
  socket.destroy();
  return types();
}

suite('upgrades and tunnels', { timeout: 120_000 }, () => {
  let plain: EchoBackend;
  let secured: EchoBackend;
  let port: number;
  let moongate: Moongate;

  before(async () => {
    [plain, secured] = await Promise.all([startEchoBackend('plain'), startEchoBackend('secured', { tls: { cert: certificate.chain, key: certificate.privateKey } })]);
    port = await freePort();
    const to = (name: string, more = '') => route(name, { host: `${name}.test`, rule: `${more}backendRefs: [{name: ${name}, port: 3000}]` });
    moongate = await Moongate.create({
      'gatewayclass.yaml': standard('gatewayclass'),
      'gateway.yaml': standard('gateway', port),
      'services.yaml': [
        service('plain', plain.port),
        service('secured', secured.port).replace('targetPort: 3000', 'targetPort: 3000\n      appProtocol: kubernetes.io/wss'),
        caConfigMap('ca', certificate.chain), tlsPolicy('secured', { hostname: 'app.example.com', ca: 'ca' }),
      ].join('---\n'),
      'routes.yaml': [to('plain'), to('secured'), route('tunnel', { host: 'tunnel.test', rule: 'matches: [{method: CONNECT}]\nbackendRefs: [{name: plain, port: 3000}]' })].join('---\n'),
    });
    await moongate.start();
  });

  after(async () => {
    await moongate[Symbol.asyncDispose]();
    await Promise.all([plain.close(), secured.close()]);
  });

  for (const host of ['plain.test', 'secured.test']) {
    test(`a WebSocket by HTTP/1.1 to ${host}`, async () => {
      const socket = await upgrade(port, host);
      assert.equal(await echo(socket, 'over'), 'over');
      socket.destroy();
    });

    test(`a WebSocket by HTTP/2 (RFC 8441) to ${host}, which sees a handshake of HTTP/1.1`, async () => {
      const session = connectHttp2(`http://127.0.0.1:${port}`);
      try {
        const { status, stream } = await connectBy(session, webSocket(host));
        assert.equal(status, 200);
        assert.equal(await echo(stream, 'over'), 'over');
        const { method, path, headers } = (host === 'plain.test' ? plain : secured).upgrades.at(-1) ?? assert.fail('no handshake');
        assert.deepEqual([method, path, headers.upgrade, headers['sec-websocket-version']], ['GET', '/chat', 'websocket', '13']);
        // "A base64-encoded value that, when decoded, is 16 bytes in length" (RFC 6455 §4.2.1).
        assert.equal(Buffer.from(String(headers['sec-websocket-key']), 'base64').length, 16);
      } finally {
        session.destroy();
      }
    });
  }

  test('the key of a handshake by HTTP/1.1 stays', async () => {
    const socket = await upgrade(port, 'plain.test');
    assert.equal(plain.upgrades.at(-1)?.headers['sec-websocket-key'], 'dGhlIHNhbXBsZSBub25jZQ==');
    socket.destroy();
  });

  test('a match on method CONNECT hands tunnels to its backend, by HTTP/1.1 and HTTP/2, and nothing else', async () => {
    const { status, socket } = await tunnel(port, 'tunnel.test:443');
    assert.equal(status, 200);
    assert.equal(await echo(socket, 'through'), 'through');
    socket.destroy();
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    try {
      const opened = await connectBy(session, { ':authority': 'tunnel.test:443' });
      assert.equal(opened.status, 200);
      assert.equal(await echo(opened.stream, 'through'), 'through');
    } finally {
      session.destroy();
    }
    assert.deepEqual(plain.tunnels, ['tunnel.test:443', 'tunnel.test:443']);
    assert.equal((await ask(port, { host: 'tunnel.test' })).status, 404);
  });

  test('a route that does not ask for CONNECT opens no tunnel, whatever a request looks like', async () => {
    const { length } = plain.tunnels;
    for (const host of ['plain.test:443', 'secured.test:443', `127.0.0.1:${moongate.adminPort}`]) {
      const { status, socket } = await tunnel(port, host);
      socket.destroy();
      assert.equal(status, 404);
      const session = connectHttp2(`http://127.0.0.1:${port}`);
      assert.equal((await connectBy(session, { ':authority': host })).status, 404);
      session.destroy();
    }
    for (const protocol of ['connect-udp', 'connect-ip', 'other']) {
      for (const host of ['plain.test', 'tunnel.test']) {
        const session = connectHttp2(`http://127.0.0.1:${port}`);
        const { status } = await connectBy(session, { ...webSocket(host), ':protocol': protocol });
        session.destroy();
        assert.ok(status === 403 || status === 404, `${protocol} ${host}: ${status}`);
      }
    }
    const requests = plain.seen.length;
    const frames = await answersTo(port, { ':method': 'CONNECT', ':scheme': 'http', ':path': '/', ':authority': 'plain.test' });
    assert.ok(!frames.has(0), 'no DATA');
    assert.deepEqual([plain.tunnels.length, plain.seen.length], [length, requests]);
  });
});
