import assert from 'node:assert/strict';
import { once } from 'node:events';
import { link, stat, writeFile } from 'node:fs/promises';
import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectTcp, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client, credentials, Metadata, status, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { temporaryDir, until } from '../../infra/host/testing.ts';
import { selfSigned } from '../../../test/e2e/support/certificate.ts';
import { extProcServer, processPath, type ExtProcServerOptions } from './ext-proc-server.ts';
import type { GrpcServer } from './grpc-server.ts';
import { healthPath } from './health.ts';
import { frameMessages } from './message-reader.ts';
import type { HandlerFactory } from './request-handler.ts';
import { decode, encode } from './testing.ts';

const bytes = (value: Buffer): Buffer => value;
const wanted = { endpoints: ['10.0.0.1:80'] };
const noWait = { requestBodyMode: 1, sendBodyWithoutWaitingForHeaderResponse: true } as const;
const headers = (endOfStream: boolean): Buffer =>
  encode({ request: { case: 'requestHeaders', value: { endOfStream } }, protocolConfig: noWait });
const body = (size: number, end = true): Buffer => encode({ request: { case: 'requestBody', value: { body: Buffer.alloc(size), endOfStream: end } } });
const trailers = encode({ request: { case: 'responseTrailers', value: {} } });

interface Running extends AsyncDisposable {
  readonly server: GrpcServer;
  readonly address: string;
  /** Handlers that were made, and why those that are done were closed. */
  readonly made: () => number;
  readonly closed: string[];
  readonly errors: unknown[];
}

/** A server whose handlers answer at the end of the body. */
async function start(options: Partial<ExtProcServerOptions> = {}, path?: string): Promise<Running> {
  const closed: string[] = [];
  const errors: unknown[] = [];
  let made = 0;
  const handler: HandlerFactory = (control) => {
    made++;
    return {
      headers: ({ endOfStream }) => void (endOfStream && control.answer(wanted)),
      body: (_chunk, end) => void (end && control.answer(wanted)),
      closed: (reason) => closed.push(reason),
    };
  };
  const server = extProcServer({ handler, isServing: (service) => service !== 'readiness', onError: (error) => errors.push(error), ...options });
  const address = await server.listen(path === undefined ? { host: '127.0.0.1', port: 0 } : { path });
  return { server, address, made: () => made, closed, errors, [Symbol.asyncDispose]: () => server.close(0) };
}

function clientOf(target: string, channel = credentials.createInsecure()): Client & Disposable {
  const client = new Client(target, channel);
  return Object.assign(client, { [Symbol.dispose]: () => client.close() });
}

const processCall = (client: Client, metadata = new Metadata()): ClientDuplexStream<Buffer, Buffer> => client.makeBidiStreamRequest(processPath, bytes, bytes, metadata);

/** All messages of a call, and its status. */
async function outcome(call: ClientDuplexStream<Buffer, Buffer>): Promise<{ cases: (string | undefined)[]; status: number }> {
  const cases: (string | undefined)[] = [];
  call.on('data', (message: Buffer) => cases.push(decode(message).response.case));
  call.on('error', () => {});
  const code = await new Promise<number>((resolve) => call.on('status', (found: { code: number }) => resolve(found.code)));
  return { cases, status: code };
}

function unary(client: Client, path: string, request: Buffer): Promise<Buffer | number> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, bytes, bytes, request, (error: ServiceError | null, answer?: Buffer) => resolve(error?.code ?? answer ?? Buffer.alloc(0)));
  });
}

test('a client of grpc-js is answered, on a TCP port, on a unix socket and by TLS', async () => {
  await using dir = await temporaryDir();
  const { chain: cert, privateKey: key } = selfSigned('epp.test');
  const path = join(dir.path, 'epp.sock');
  const runs = [
    { running: await start(), target: (address: string) => address, channel: credentials.createInsecure() },
    { running: await start({}, path), target: (address: string) => `unix:${address}`, channel: credentials.createInsecure() },
    { running: await start({ tls: { cert, key } }), target: (address: string) => address, channel: credentials.createSsl(Buffer.from(cert), null, null, { checkServerIdentity: () => undefined }) },
  ];
  for (const { running, target, channel } of runs) {
    await using server = running;
    using client = clientOf(target(server.address), channel);
    const call = processCall(client);
    for (const message of [headers(false), body(300_000, false), body(0), trailers]) call.write(message);
    call.end();
    assert.deepEqual(await outcome(call), { cases: ['requestHeaders', 'requestBody', 'requestBody', 'responseTrailers'], status: status.OK });
    assert.deepEqual([server.closed, server.errors], [['answered'], []]);
  }
});

test('health is told of each service', async () => {
  await using server = await start();
  using client = clientOf(server.address);
  const ask = (service: string): Promise<Buffer | number> => unary(client, healthPath, Buffer.from([0x0a, service.length, ...Buffer.from(service)]));
  const [serving, not] = [Buffer.from([8, 1]), Buffer.from([8, 2])];
  assert.deepEqual(await Promise.all(['', 'liveness', 'readiness', 'envoy.service.ext_proc.v3.ExternalProcessor', 'other'].map(ask)), [serving, serving, not, serving, status.NOT_FOUND]);
  assert.deepEqual(await unary(client, healthPath, Buffer.alloc(0)), serving);
  assert.equal(await unary(client, healthPath, Buffer.from([0x0a, 9])), status.INVALID_ARGUMENT);
  assert.equal(await unary(client, '/grpc.health.v1.Health/Watch', Buffer.alloc(0)), status.UNIMPLEMENTED);
});

test('a handler sees the metadata of the call, and one that throws ends its call alone', async () => {
  const seen: IncomingHttpHeaders[] = [];
  const handler: HandlerFactory = (control, metadata) => {
    seen.push(metadata);
    if (metadata['x-bad'] !== undefined) throw new Error('a bug');
    return { headers: () => void control.answer(wanted), closed() {} };
  };
  await using server = await start({ handler });
  using client = clientOf(server.address);
  const metadata = new Metadata();
  metadata.set('x-moongate-inference-pool', 'ns/pool');
  const good = processCall(client, metadata);
  good.write(headers(true));
  await once(good, 'data');
  metadata.set('x-bad', '1');
  const bad = processCall(client, metadata);
  bad.write(headers(true));
  assert.equal((await outcome(bad)).status, status.INTERNAL);
  good.write(trailers);
  good.end();
  assert.deepEqual(await outcome(good), { cases: ['responseTrailers'], status: status.OK });
  assert.deepEqual(seen.map((each) => each['x-moongate-inference-pool']), ['ns/pool', 'ns/pool']);
  assert.deepEqual(server.errors.map(String), ['Error: a bug']);
});

test('bytes that are no message, and messages that are too large, end the call', async () => {
  await using server = await start({ limits: { maxMessageBytes: 1_000 } });
  using client = clientOf(server.address);
  for (const [message, expected] of [[Buffer.from([0x12, 0x7f]), status.INVALID_ARGUMENT], [body(2_000), status.RESOURCE_EXHAUSTED]] as const) {
    const call = processCall(client);
    call.write(headers(false));
    call.write(message);
    assert.equal((await outcome(call)).status, expected);
  }
  await until('both are closed', () => server.closed.length === 2);
  assert.deepEqual(server.closed, ['failed', 'cancelled']);
});

/** One request of plain HTTP/2. */
async function raw(session: ClientHttp2Session, requestHeaders: Record<string, string>, chunks: readonly Buffer[]): Promise<IncomingHttpHeaders> {
  const stream = session.request({ ':method': 'POST', ':path': processPath, 'content-type': 'application/grpc', te: 'trailers', ...requestHeaders });
  let found: IncomingHttpHeaders = {};
  stream.on('response', (received) => (found = { ...found, ...received }));
  stream.on('trailers', (received) => (found = { ...found, ...received }));
  stream.resume();
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await once(stream, 'close');
  return found;
}

test('what is not gRPC, not known or not whole is refused in the words of the protocol', async () => {
  await using server = await start();
  const session = connect(`http://${server.address}`);
  const framed = frameMessages([headers(true)]);
  assert.equal((await raw(session, { 'content-type': 'application/json' }, []))[':status'], 415);
  assert.equal((await raw(session, { ':method': 'GET' }, []))[':status'], 415);
  assert.equal((await raw(session, { ':path': '/other' }, [framed]))['grpc-status'], '12');
  assert.equal((await raw(session, {}, [Buffer.from([1, 0, 0, 0, 0])]))['grpc-status'], '12');
  assert.equal((await raw(session, {}, [framed.subarray(0, framed.length - 1)]))['grpc-status'], '3');
  assert.equal((await raw(session, {}, [...framed].map((byte) => Buffer.from([byte]))))['grpc-status'], '0');
  session.close();
  assert.deepEqual(server.errors, []);
});

test('streams that are reset are many, and their handlers hear of it', async () => {
  await using server = await start();
  const session = connect(`http://${server.address}`);
  const total = 2_500;
  for (let sent = 0; sent < total; sent += 500) {
    const batch = Array.from({ length: 500 }, async () => {
      const stream = session.request({ ':method': 'POST', ':path': processPath, 'content-type': 'application/grpc' });
      stream.on('error', () => {});
      stream.write(frameMessages([headers(true)]));
      await once(stream, 'data');
      stream.close(constants.NGHTTP2_CANCEL);
      await once(stream, 'close');
    });
    await Promise.all(batch);
  }
  await until('all are closed', () => server.closed.length === total);
  assert.deepEqual([new Set(server.closed), session.destroyed, server.server.connections], [new Set(['ended']), false, 1]);
  session.close();
});

test('a connection that is cut ends its requests', async () => {
  await using server = await start();
  const session = connect(`http://${server.address}`);
  const stream = session.request({ ':method': 'POST', ':path': processPath, 'content-type': 'application/grpc' });
  stream.on('error', () => {});
  stream.write(frameMessages([headers(false), body(10, false)]));
  await until('the request is there', () => server.made() === 1);
  session.destroy();
  await until('the connection is gone', () => server.server.connections === 0);
  assert.deepEqual(server.closed, ['cancelled']);
});

test('a peer that does not say that it is there is given up, and one that does is not', async () => {
  await using server = await start({ keepAliveMs: 20 });
  const there = connect(`http://${server.address}`);
  let pings = 0;
  there.on('ping', () => pings++);
  const gone = connectTcp(Number(server.address.split(':')[1]), '127.0.0.1');
  gone.on('error', () => {});
  // The connection preface, and SETTINGS without any setting; all that is ever said.
  gone.write(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'));
  gone.resume();
  await once(gone, 'close');
  await until('the other is asked twice', () => pings >= 2);
  assert.deepEqual([there.destroyed, server.server.connections], [false, 1]);
  there.close();
});

test('who does not read what is sent to him is not read from', async () => {
  const handler: HandlerFactory = (control) => ({ headers: () => void control.answer(wanted), closed() {} });
  await using server = await start({ handler });
  const session = connect(`http://${server.address}`);
  const stream = session.request({ ':method': 'POST', ':path': processPath, 'content-type': 'application/grpc' });
  stream.on('error', () => {});
  stream.pause();
  const duplex = encode({ request: { case: 'requestHeaders', value: {} }, protocolConfig: { requestBodyMode: 4 } });
  stream.write(frameMessages([duplex]));
  const chunk = frameMessages([body(60_000, false)]);
  let taken = 0;
  const limit = 20_000_000;
  // Each chunk comes back; when nobody reads that, the server's window closes.
  while (taken < limit && stream.write(chunk, () => (taken += chunk.length))) await new Promise(setImmediate);
  await until('it is stuck', async () => {
    const before = taken;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return before === taken;
  });
  assert.ok(taken < 10_000_000, `${taken} bytes were taken`);
  session.destroy();
});

test('closing waits for calls as long as it may, and takes no new ones', async () => {
  const server = await start();
  using client = clientOf(server.address);
  const call = processCall(client);
  call.write(headers(false));
  call.write(body(0));
  await once(call, 'data');
  const closing = server.server.close(60_000);
  call.write(trailers);
  call.end();
  assert.equal((await outcome(call)).status, status.OK);
  await closing;
  assert.deepEqual(server.closed, ['answered']);
});

test('closing cuts calls that do not end', async () => {
  const server = await start();
  using client = clientOf(server.address);
  const call = processCall(client);
  call.write(headers(false));
  call.write(body(0));
  await once(call, 'data');
  const ended = outcome(call);
  await server.server.close(20);
  assert.notEqual((await ended).status, status.OK);
  assert.deepEqual(server.closed, ['ended']);
});

test('a socket that a dead process left is taken, and one in use is not', async () => {
  await using dir = await temporaryDir();
  const path = join(dir.path, 'epp.sock');
  const left = createServer().listen(path);
  await once(left, 'listening');
  await assert.rejects(start({}, path), /is in use/);
  // Whoever closes a socket removes its file, but not other names of it.
  const stale = join(dir.path, 'stale.sock');
  await link(path, stale);
  left.close();
  await once(left, 'close');
  await using server = await start({}, stale);
  assert.equal(server.address, stale);
  assert.equal((await stat(stale)).mode & 0o777, 0o600);
  await writeFile(path, '');
  await assert.rejects(start({}, path), /exists and is not a socket/);
});

test('a new certificate is shown from then on, and a bad one changes nothing', async () => {
  const [old, next] = [selfSigned('old.test'), selfSigned('next.test')].map(({ chain: cert, privateKey: key }) => ({ cert, key }));
  assert.ok(old && next);
  await using server = await start({ tls: old });
  assert.throws(() => server.server.updateCertificate({ cert: next.cert, key: old.key }));
  const shown = async (): Promise<string> => {
    const session = connect(`https://${server.address}`, { rejectUnauthorized: false });
    await once(session, 'connect');
    const { subject } = (session.socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }).getPeerCertificate();
    session.close();
    return subject.CN;
  };
  assert.equal(await shown(), 'old.test');
  server.server.updateCertificate(next);
  assert.equal(await shown(), 'next.test');
});
