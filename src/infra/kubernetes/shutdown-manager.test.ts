import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer, get } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { findEnvoy } from '../host/envoy-binary.ts';
import { temporaryDir, until, withListener } from '../host/testing.ts';
import { silentLog } from '../../util/log.ts';
import { askEnvoy, openConnections } from './envoy-admin.ts';
import { runShutdownManager } from './shutdown-manager.ts';

const times = { drainTimeoutMs: 20_000, minDrainDurationMs: 0, healthCheckFailureDelayMs: 0 };

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Envoy {
  readonly port: number;
  readonly adminPort: number;
  kill(): Promise<void>;
}

/** A real Envoy with one HTTP listener in front of a server that answers at once. */
async function startEnvoy(context: TestContext): Promise<Envoy> {
  const dir = await temporaryDir();
  context.after(() => dir[Symbol.asyncDispose]());
  const upstream = createServer((_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  context.after(() => upstream.close());
  const [port, adminPort] = [await freePort(), await freePort()];
  const plain = { admin: { address: { socket_address: { address: '127.0.0.1', port_value: adminPort } } }, static_resources: { clusters: [] } };
  await writeFile(join(dir.path, 'bootstrap.json'), JSON.stringify(withListener(plain, { port, upstream: (upstream.address() as AddressInfo).port })));
  const { path } = await findEnvoy();
  const args = ['-c', join(dir.path, 'bootstrap.json'), '--disable-hot-restart', '--concurrency', '1', '--drain-strategy', 'immediate', '-l', 'error'];
  const child = spawn(path, args, { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill = (): Promise<void> => {
    child.kill('SIGKILL');
    return exited;
  };
  context.after(kill);
  await until('Envoy is live', () => askEnvoy('GET', '/ready', { port: adminPort, timeoutMs: 1000 }).then(() => true, () => false));
  return { port, adminPort, kill };
}

interface Helper {
  readonly url: string;
  /** The Pod ends. */
  end(): void;
  readonly done: Promise<void>;
  isDone: boolean;
}

async function startHelper(context: TestContext, envoy: Pick<Envoy, 'adminPort'>, changes: Partial<typeof times> = {}): Promise<Helper> {
  const pod = new AbortController();
  const listening = Promise.withResolvers<number>();
  const done = runShutdownManager({ ...times, ...changes, port: 0, adminPort: envoy.adminPort, signal: pod.signal, log: silentLog, onListening: listening.resolve });
  context.after(() => pod.abort());
  const helper: Helper = { url: `http://127.0.0.1:${await listening.promise}`, end: () => pod.abort(), done, isDone: false };
  void done.then(() => (helper.isDone = true));
  return helper;
}

/** A client with one connection that is kept until it is told to go. Envoy waits 5 s for a client to do that by itself. */
async function keptConnection(context: TestContext, port: number): Promise<{ readonly socket: Socket; ask(): Promise<string> }> {
  const socket = connect(port, '127.0.0.1');
  context.after(() => socket.destroy());
  let received = '';
  socket.setEncoding('utf8').on('data', (text: string) => (received += text)).on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  return {
    socket,
    ask: async () => {
      received = '';
      socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
      await until('an answer', () => received.includes('hello'));
      if (/connection: close/i.test(received)) socket.destroy();
      return received;
    },
  };
}

function status(url: string, method = 'GET'): Promise<{ readonly code: number | undefined; readonly headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    get(url, { method, agent: false }, (answer) => {
      answer.resume();
      resolve({ code: answer.statusCode, headers: answer.headers });
    }).on('error', reject);
  });
}

test('the hook is answered once the clients have gone, and they are told to go with their next response', async (context) => {
  const envoy = await startEnvoy(context);
  const helper = await startHelper(context, envoy);
  const client = await keptConnection(context, envoy.port);
  assert.doesNotMatch(await client.ask(), /connection: close/i);

  let hook: number | undefined;
  const asked = status(`${helper.url}/shutdown/ready`).then(({ code }) => (hook = code));
  helper.end();
  await until('Envoy drains', () => askEnvoy('GET', '/ready', { port: envoy.adminPort, timeoutMs: 1000 }).then(() => false, () => true));
  assert.equal(hook, undefined, 'a client is still connected');
  // A client that comes while load balancers still send some is served.
  assert.equal((await status(`http://127.0.0.1:${envoy.port}/`)).code, 200);
  assert.match(await client.ask(), /connection: close/i);
  await asked;
  assert.equal(hook, 200);
  await helper.done;
});

test('nobody can have a proxy drained over the network', async (context) => {
  const envoy = await startEnvoy(context);
  const helper = await startHelper(context, envoy);
  assert.equal((await status(`${helper.url}/healthz`)).code, 200);
  assert.equal((await status(`${helper.url}/shutdown`)).code, 404);
  assert.equal((await status(`${helper.url}/shutdown/ready`, 'POST')).code, 405);
  const waiting = status(`${helper.url}/shutdown/ready`).catch(() => undefined);
  assert.equal(await askEnvoy('GET', '/ready', { port: envoy.adminPort, timeoutMs: 1000 }), 'LIVE\n');
  helper.end();
  await waiting;
});

test('a client that stays is waited for as long as the drain may take, and no longer', async (context) => {
  const envoy = await startEnvoy(context);
  const client = await keptConnection(context, envoy.port);
  await client.ask();
  const helper = await startHelper(context, envoy, { drainTimeoutMs: 600 });
  const began = performance.now();
  helper.end();
  await helper.done;
  assert.ok(performance.now() - began >= 600);
  assert.equal(client.socket.destroyed, false);
});

test('a drain takes its minimum even when no client is there', async (context) => {
  const envoy = await startEnvoy(context);
  const helper = await startHelper(context, envoy, { minDrainDurationMs: 500 });
  const began = performance.now();
  helper.end();
  await helper.done;
  assert.ok(performance.now() - began >= 500);
});

test('health checks fail later than the drain begins when that is asked for', async (context) => {
  const envoy = await startEnvoy(context);
  const client = await keptConnection(context, envoy.port);
  const helper = await startHelper(context, envoy, { healthCheckFailureDelayMs: 8000 });
  const began = performance.now();
  helper.end();
  await until('clients are told', async () => /connection: close/i.test(await (await keptConnection(context, envoy.port)).ask()));
  const isHealthy = await askEnvoy('GET', '/ready', { port: envoy.adminPort, timeoutMs: 1000 });
  assert.ok(performance.now() - began < 8000, 'the machine is too slow to tell');
  assert.equal(isHealthy, 'LIVE\n');
  await client.ask();
  await helper.done;
});

test('an Envoy that is gone already is not waited for', async (context) => {
  const envoy = await startEnvoy(context);
  const helper = await startHelper(context, envoy);
  await envoy.kill();
  helper.end();
  await helper.done;
  assert.equal(helper.isDone, true);
});

test('connections of the kubelet and of Prometheus do not count', async (context) => {
  const envoy = await startEnvoy(context);
  const client = await keptConnection(context, envoy.port);
  await client.ask();
  const count = (ownPorts: number[]): Promise<number> => openConnections({ port: envoy.adminPort, timeoutMs: 1000, ownPorts });
  await until('the connection is counted', async () => (await count([])) === 1);
  assert.equal(await count([envoy.port]), 0);
});

test('a port that is taken is an error that names it', async (context) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, resolve));
  context.after(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const signal = new AbortController().signal;
  await assert.rejects(runShutdownManager({ ...times, port, signal, log: silentLog }), new RegExp(`cannot listen on port ${port}`));
});
