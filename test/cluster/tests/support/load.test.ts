import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { eventually } from '../../lifetime/eventually.ts';
import { SteadyLoad } from './load.ts';

const limit = 20_000;
const host = 'a.example.com';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** An echo server that answers some requests otherwise. */
async function serve(context: TestContext, other: (number: number) => Handler | undefined): Promise<{ port: number; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const number = Number(new URL(`http://a${request.url ?? ''}`).searchParams.get('n'));
    const handler = other(number);
    if (handler !== undefined) return handler(request, response);
    response.end(JSON.stringify({ path: request.url, method: request.method, host: request.headers.host }));
  });
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sockets };
}

async function failuresOf(context: TestContext, other: (number: number) => Handler | undefined): Promise<{ requests: number; failures: readonly string[] }> {
  const { port } = await serve(context, other);
  await using load = new SteadyLoad({ address: '127.0.0.1', port, host, perSecond: 200 });
  await eventually('some requests are answered', () => load.good >= 40, { limit });
  const { requests, failures } = await load.stop();
  return { requests, failures: failures.map(({ request, outcome }) => `${request}: ${outcome}`) };
}

test('all is well: nothing failed, and connections were kept and made anew', async (context) => {
  const { port, sockets } = await serve(context, () => undefined);
  await using load = new SteadyLoad({ address: '127.0.0.1', port, host, perSecond: 200 });
  await eventually('some requests are answered', () => load.good >= 40, { limit });
  const { requests, failures } = await load.stop();
  assert.deepEqual(failures, []);
  assert.equal(load.good, requests);
  assert.ok(sockets.size >= requests / 2 && sockets.size < requests, `${sockets.size} connections for ${requests} requests`);
});

test('another status is a failure', async (context) => {
  const { failures } = await failuresOf(context, (number) => (number === 5 ? (_, response) => response.writeHead(503).end('no healthy upstream') : undefined));
  assert.deepEqual(failures, ['POST on a kept connection: 503 no healthy upstream']);
});

test('the answer to another request is a failure, and so is one of somebody else', async (context) => {
  const answers: Readonly<Record<number, string>> = { 4: JSON.stringify({ path: '/get?n=3', method: 'GET', host }), 6: '<html>' };
  const { failures } = await failuresOf(context, (number) => (answers[number] === undefined ? undefined : (_, response) => response.end(answers[number])));
  assert.deepEqual(failures, [
    `GET on a kept connection: the answer to another request: GET ${host}/get?n=3`,
    'GET on a connection of its own: no answer of the echo server: <html>',
  ]);
});

test('a connection that breaks is a failure', async (context) => {
  const { failures } = await failuresOf(context, (number) => (number === 7 ? (request) => request.socket.destroy() : undefined));
  assert.deepEqual(failures, ['POST on a connection of its own: ECONNRESET']);
});
