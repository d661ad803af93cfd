import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { silentLog } from '../util/log.ts';
import { AdminServer, jsonAnswer, textAnswer } from './http-server.ts';

describe('the admin port', () => {
  let port: number;
  const errors: object[] = [];
  const server = new AdminServer({
    handlers: new Map([
      ['/text', () => textAnswer('hello\n')],
      ['/json', (query: URLSearchParams) => jsonAnswer({ x: query.get('x') })],
      ['/bug', () => assert.fail('secret words')],
    ]),
    log: { ...silentLog, error: (fields) => errors.push(fields) },
  });

  before(async () => {
    port = await server.listen('127.0.0.1', 0);
  });
  after(() => server.close());

  function ask(path: string, options: { method?: string; host?: string; body?: string } = {}): Promise<{ status: number; body: string; headers: object }> {
    return new Promise((resolve, reject) => {
      const { method = 'GET', host = `127.0.0.1:${port}`, body } = options;
      const outgoing = request({ port, host: '127.0.0.1', path, method, agent: false, headers: { host, ...(body !== undefined && { 'content-length': body.length }) } }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }));
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  test('answers GET, and HEAD without a body', async () => {
    assert.deepEqual([(await ask('/text')).body, (await ask('/json?x=1')).body], ['hello\n', '{\n "x": "1"\n}\n']);
    const head = await ask('/text', { method: 'HEAD' });
    assert.deepEqual([head.status, head.body, (head.headers as { 'content-length': string })['content-length']], [200, '', '6']);
  });

  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    test(`refuses ${method}`, async () => assert.equal((await ask('/text', { method })).status, 405));
  }

  test('refuses a body', async () => assert.equal((await ask('/text', { body: 'x' })).status, 413));

  test('knows no other path, and does not take a double slash for a host', async () => {
    assert.deepEqual([(await ask('/')).status, (await ask('//text')).status, (await ask('/text/')).status], [404, 404, 404]);
  });

  for (const host of ['localhost:19000', '127.0.0.1', '[::1]:80', 'sub.localhost', '127.9.9.9']) {
    test(`takes the host ${host}`, async () => assert.equal((await ask('/text', { host })).status, 200));
  }

  for (const host of ['evil.example', 'evil.example:19000', '127.0.0.1.evil.example', '10.0.0.1', '[::2]', 'localhost.evil']) {
    test(`refuses the host ${JSON.stringify(host)}: it may be a name that was made to point here`, async () => {
      assert.equal((await ask('/text', { host })).status, 403);
    });
  }

  test('keeps to itself what went wrong inside', async () => {
    const { status, body } = await ask('/bug');
    assert.deepEqual([status, body, errors.length], [500, 'internal error: see the log\n', 1]);
  });

  test('ends a connection with headers that are too long', async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('error', () => {});
      socket.on('close', () => resolve(text));
      socket.write(`GET /text HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`);
    });
    assert.match(answer, /^HTTP\/1\.1 431 /);
  });

  test('does not listen for the network', async () => {
    await assert.rejects(new AdminServer({ handlers: new Map(), log: silentLog }).listen('0.0.0.0', 0), /0\.0\.0\.0 is not a loopback address/);
  });

  test('says which error it was when the port is taken', async () => {
    const second = new AdminServer({ handlers: new Map(), log: silentLog });
    await assert.rejects(second.listen('127.0.0.1', port), { code: 'EADDRINUSE' });
    await second.close();
  });
});
