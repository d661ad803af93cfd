import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as httpRequest, type ClientRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { extProcServer } from '../../src/epp/ext-proc/ext-proc-server.ts';
import type { GrpcServer } from '../../src/epp/ext-proc/grpc-server.ts';
import type { CloseReason, Pick, RequestControl, RequestHead, ResponseHead } from '../../src/epp/ext-proc/request-handler.ts';
import { freePort, runEnvoy, until, type Envoy } from './envoy.ts';
import { selfSigned } from './support/certificate.ts';
import { ask, type Ask, type Reply } from './support/client.ts';
import { extProcBootstrap, fullDuplex, loopback, noWait, pickerCluster } from './support/ext-proc-bootstrap.ts';

/** A picker of a few lines, behind a real Envoy, in every mode. */

/** One request, as the picker saw it. */
interface Picked {
  readonly control: RequestControl;
  readonly head: RequestHead;
  bytes: number;
  ended: boolean;
  response?: ResponseHead;
  readonly closed: CloseReason[];
}

/** What the picker decides with: called with the headers and with each chunk. */
type Decide = (request: Picked) => void;

/** Waits for the end of the body, or for as much as Envoy certainly sends. */
const atOnce: Decide = ({ control, head, bytes, ended }) => void ((head.endOfStream || ended || !head.bodyFollows || bytes > 500_000) && control.answer(pick()));
/** Waits for the end of the body, however long. */
const atTheEnd = (changes: Partial<Pick> = {}): Decide => ({ control, head, ended }) => void ((head.endOfStream || ended) && control.answer(pick(changes)));

const servers: { readonly server: Server; readonly address: string; readonly port: number }[] = [];
let turn = 0;

/** Where requests go, in turn: server after server, by the picker's own count. */
function pick(changes: Partial<Pick> = {}): Pick {
  return { endpoints: [servers[turn++ % servers.length]?.address ?? ''], ...changes };
}

let decide: Decide = atOnce;
let picked: Picked[] = [];
let errors: unknown[] = [];
let directory = '';
let envoy: Envoy;
let picker: GrpcServer;
let securePicker: GrpcServer;
const ports = { noWait: 0, duplex: 0, buffered: 0, streamed: 0, impatient: 0, subset: 0, secure: 0 };
/** Of the pool, and nobody is there. */
let deadPort = 0;
const maxBodyBytes = 4_000_000;

function newPicker(tls?: { readonly cert: string; readonly key: string }): GrpcServer {
  return extProcServer({
    handler(control) {
      const closed: CloseReason[] = [];
      let mine: Picked | undefined;
      return {
        headers(head) {
          mine = { control, head, bytes: 0, ended: false, closed };
          picked.push(mine);
          decide(mine);
        },
        body(chunk, end) {
          if (mine === undefined) return;
          mine.bytes += chunk.length;
          mine.ended ||= end;
          decide(mine);
        },
        responseHeaders(head) {
          if (mine !== undefined) mine.response = head;
          return { setHeaders: new Map([['x-seen', 'yes']]) };
        },
        closed: (reason) => closed.push(reason),
      };
    },
    isServing: () => true,
    onError: (error) => errors.push(error),
    limits: { maxBodyBytes },
    ...(tls && { tls }),
  });
}

/** A server that tells what it got. `/slow` begins an answer, and ends it with the request's connection. */
async function startServer(): Promise<void> {
  const server = createServer((request, response) => {
    const hash = createHash('sha1');
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      length += chunk.length;
    });
    request.on('end', () => {
      response.setHeader('x-server', `127.0.0.1:${(server.address() as AddressInfo).port}`);
      if (request.url === '/slow') response.write('beginning');
      else response.end(JSON.stringify({ length, hash: hash.digest('hex'), headers: request.headers }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  servers.push({ server, port, address: `127.0.0.1:${port}` });
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'moongate-ext-proc-'));
  await Promise.all([startServer(), startServer(), startServer()]);
  const socket = join(directory, 'epp.sock');
  picker = newPicker();
  await picker.listen({ path: socket });
  const { chain: cert, privateKey: key } = selfSigned('epp.test');
  securePicker = newPicker({ cert, key });
  const securePort = Number((await securePicker.listen({ host: '127.0.0.1', port: 0 })).split(':')[1]);
  for (const name of Object.keys(ports)) ports[name as keyof typeof ports] = await freePort();
  deadPort = await freePort();
  const buffered = { processing_mode: { ...fullDuplex.processing_mode, request_body_mode: 'BUFFERED', response_body_mode: 'NONE', response_trailer_mode: 'SKIP' } };
  const streamed = { processing_mode: { ...buffered.processing_mode, request_body_mode: 'STREAMED', response_body_mode: 'STREAMED' } };
  const hint = { metadata_namespace: 'envoy.lb.subset_hint', value: { 'x-gateway-destination-endpoint-subset': ['10.9.9.9:80', '10.9.9.8'] } };
  const metadata = { name: 'set_metadata', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.set_metadata.v3.Config', metadata: [hint] } };
  const listeners = [
    { port: ports.noWait, filter: noWait },
    { port: ports.duplex, filter: fullDuplex },
    { port: ports.buffered, filter: buffered },
    { port: ports.streamed, filter: streamed },
    { port: ports.impatient, filter: { ...noWait, message_timeout: '0.2s', max_message_timeout: '10s' } },
    { port: ports.subset, filter: noWait, before: [metadata] },
    { port: ports.secure, filter: fullDuplex, cluster: 'secure' },
  ];
  const clusters = [pickerCluster({ pipe: { path: socket } }), pickerCluster(loopback(securePort), { name: 'secure', tls: true })];
  const admin = join(directory, 'admin.sock');
  envoy = runEnvoy(extProcBootstrap(admin, listeners, clusters, [...servers.map(({ port }) => port), deadPort]), admin);
  await until('Envoy answers', async () => (await ask(ports.noWait)).status === 200).catch((error: unknown) => {
    throw new Error(envoy.log(), { cause: error });
  });
});

after(async () => {
  await envoy.stop();
  await Promise.all([picker.close(0), securePicker.close(0)]);
  for (const { server } of servers) {
    server.closeAllConnections();
    server.close();
  }
  await rm(directory, { recursive: true });
});

beforeEach(async () => {
  await until('no request is left', () => picked.every(({ closed }) => closed.length > 0));
  assert.deepEqual(errors, []);
  picked = [];
  decide = atOnce;
});

interface Got {
  readonly length: number;
  readonly hash: string;
  readonly headers: Readonly<Record<string, string>>;
}

const gotOf = (reply: Reply): Got => JSON.parse(reply.body) as Got;
const sha1 = (body: string | Buffer): string => createHash('sha1').update(body).digest('hex');
const large = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 7 + (i >> 8)) % 96 + 32)).toString();

/** Asks, and checks that the body came whole to the server that was picked. */
async function goesTo(port: number, asking: Ask): Promise<{ reply: Reply; got: Got }> {
  const expected = servers[turn % servers.length]?.address;
  const reply = await ask(port, asking);
  assert.equal(reply.status, 200, reply.body);
  assert.equal(reply.headers['x-server'], expected);
  const got = gotOf(reply);
  assert.deepEqual([got.length, got.hash], [asking.body?.length ?? 0, sha1(asking.body ?? '')]);
  assert.equal(got.headers['x-gateway-destination-endpoint'], expected);
  return { reply, got };
}

const post = (body: string, headers: Record<string, string> = { 'content-length': String(body.length) }): Ask => ({ method: 'POST', body, headers });

for (const mode of ['noWait', 'duplex', 'buffered', 'streamed', 'secure'] as const) {
  describe(`in the mode ${mode}`, () => {
    const cases: Record<string, () => Ask> = {
      'a GET': () => ({ headers: { 'x-gateway-destination-endpoint': '127.0.0.1:1' } }),
      'a POST without a body': () => post(''),
      'a small POST': () => post('{"model":"m"}'),
      'a POST in chunks': () => post('x'.repeat(100_000), { 'transfer-encoding': 'chunked' }),
      ...(mode !== 'buffered' && { 'a POST of 3 MB': () => post(large) }),
    };
    for (const [name, asking] of Object.entries(cases)) {
      test(`${name} goes whole to the server that is picked, time after time`, async () => {
        for (let i = 0; i < 3; i++) await goesTo(ports[mode], asking());
        await until('all are closed', () => picked.every(({ closed }) => closed.length > 0));
        assert.deepEqual(picked.map(({ closed }) => closed.length), [1, 1, 1]);
      });
    }
  });
}

test('of two servers the second is asked when the first is not there', async () => {
  decide = atTheEnd({ endpoints: [`127.0.0.1:${deadPort}`, servers[1]?.address ?? ''] });
  for (const port of [ports.noWait, ports.duplex]) {
    const reply = await ask(port, post('body'));
    assert.deepEqual([reply.status, reply.headers['x-server'], gotOf(reply).length], [200, servers[1]?.address, 4]);
  }
});

describe('a new body', () => {
  const small = '{"model":"other"}';
  for (const [mode, bodies, news] of [['noWait', ['{}', 'x'.repeat(400_000)], [small, large]], ['duplex', ['{}', large], [small, large]], ['buffered', ['{}'], [small]]] as const) {
    for (const replaced of news) {
      test(`of ${replaced.length} bytes takes the place of what came, in the mode ${mode}`, async () => {
        decide = atTheEnd({ body: Buffer.from(replaced) });
        for (const body of bodies) {
          const reply = await ask(ports[mode], post(body));
          assert.deepEqual([reply.status, gotOf(reply).hash], [200, sha1(replaced)]);
        }
      });
    }
  }
});

test('a body that would have to be held beyond the limit is refused', async () => {
  decide = atTheEnd();
  const reply = await ask(ports.duplex, post('x'.repeat(maxBodyBytes + 1), { 'transfer-encoding': 'chunked' }));
  assert.deepEqual([reply.status, reply.body], [413, 'The request body is too large.\n']);
  assert.deepEqual(picked.map(({ closed }) => closed), [['rejected']]);
});

test('headers of an answer are seen and changed where Envoy sends them, and come whole', async () => {
  const { reply } = await goesTo(ports.duplex, post('x'));
  assert.equal(reply.headers['x-seen'], 'yes');
  assert.equal(picked[0]?.response?.headers.get(':status'), '200');
  assert.equal((await ask(ports.noWait)).headers['x-seen'], undefined);
});

test('a subset is handed on', async () => {
  await ask(ports.subset);
  await ask(ports.noWait);
  assert.deepEqual(picked.map(({ head }) => head.subset), [['10.9.9.9:80', '10.9.9.8'], undefined]);
});

test('a request that is refused gets that answer', async () => {
  decide = ({ control }) => void control.reject({ status: 429, headers: new Map([['x-llm-d-request-dropped-reason', 'rejected-saturated']]), body: 'later' });
  for (const port of [ports.noWait, ports.duplex, ports.buffered]) {
    const reply = await ask(port, post('body'));
    assert.deepEqual([reply.status, reply.headers['x-llm-d-request-dropped-reason'], reply.body], [429, 'rejected-saturated', 'later']);
  }
  assert.deepEqual(picked.map(({ closed }) => closed), [['rejected'], ['rejected'], ['rejected']]);
});

test('a request that waits for an answer can be refused still', async () => {
  decide = () => {};
  const reply = ask(ports.noWait, post('body'));
  await until('it waits', () => picked[0]?.ended === true);
  picked[0]?.control.reject({ status: 503 });
  assert.equal((await reply).status, 503);
});

test('a picker that asks for time has it, and one that does not is left out', async () => {
  const expected = servers[turn % servers.length]?.address;
  decide = ({ control, head }) => {
    if (!head.endOfStream) return;
    control.extend(8_000);
    setTimeout(() => control.answer(pick()), 500);
  };
  assert.equal((await ask(ports.impatient)).headers['x-server'], expected);
  decide = () => {};
  assert.equal((await ask(ports.impatient)).status, 200);
  await until('Envoy has let go', () => picked.at(-1)?.closed.length === 1);
  assert.deepEqual(picked.at(-1)?.closed, ['cancelled']);
});

/** A request whose answer does not end, as far as its first bytes; or one whose body does not. */
async function begin(port: number, options: { path: string; method: string; body?: string }): Promise<{ call: ClientRequest; response: Promise<IncomingMessage> }> {
  const call = httpRequest({ port, path: options.path, method: options.method, agent: false });
  call.on('error', () => {});
  const response = new Promise<IncomingMessage>((resolve) => call.on('response', resolve));
  if (options.body === undefined) call.end();
  else call.write(options.body);
  return { call, response };
}

describe('a client that leaves', () => {
  for (const mode of ['noWait', 'duplex'] as const) {
    test(`before its body has ended is heard of once, in the mode ${mode}`, async () => {
      decide = atTheEnd();
      const { call } = await begin(ports[mode], { path: '/', method: 'POST', body: 'beginning' });
      await until('the picker has the beginning', () => picked[0]?.bytes === 9);
      call.destroy();
      await until('the picker has heard of it', () => picked[0]?.closed.length === 1);
      assert.deepEqual(picked[0]?.closed, ['cancelled']);
    });

    test(`in the middle of its answer is heard of once, and not before, in the mode ${mode}`, async () => {
      const { call, response } = await begin(ports[mode], { path: '/slow', method: 'GET' });
      await once(await response, 'data');
      assert.deepEqual(picked[0]?.closed, []);
      call.destroy();
      await until('the picker has heard of it', () => picked[0]?.closed.length === 1);
      assert.deepEqual(picked[0]?.closed, ['ended']);
    });
  }
});

test('a picker that dies and comes back under way costs no request, where it fails open', async () => {
  const socket = join(directory, 'epp.sock');
  const { call, response } = await begin(ports.noWait, { path: '/slow', method: 'GET' });
  const body = await response;
  await once(body, 'data');
  const statuses: number[] = [];
  let going = true;
  const load = Array.from({ length: 8 }, async () => {
    while (going) statuses.push((await ask(ports.noWait, post('x'.repeat(5_000)))).status);
  });
  const seen = (count: number): Promise<void> => until(`${count} answers`, () => statuses.length >= count);
  await seen(50);
  for (let i = 0; i < 3; i++) {
    await picker.close(0);
    await seen(statuses.length + 50);
    picker = newPicker();
    await picker.listen({ path: socket });
    const before = picked.length;
    await until('it is asked again', () => picked.length > before);
    await seen(statuses.length + 50);
  }
  going = false;
  await Promise.all(load);
  assert.deepEqual(new Set(statuses), new Set([200]));
  // An answer that had begun goes on.
  assert.equal(body.destroyed, false);
  call.destroy();
});
