import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Forward } from '../../src/ir/route.ts';
import type { Session } from '../../src/ir/session.ts';
import { ask, askTls, seenBy, type Reply } from './support/client.ts';
import { selfSigned } from './support/certificate.ts';
import { startEchoBackend, type EchoBackend } from './support/echo-backend.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { until } from './envoy.ts';
import { forward, listener, route, share } from '../support/ir-values.ts';

/** Sessions that a real Envoy keeps, seen by the servers behind it. */

const plain = 'e2e/gw/80';
const sharded = 'e2e/gw/8080';

let gateway: TestGateway;
let port: number;
let shardedPort: number;
let servers: EchoBackend[];

before(async () => {
  [gateway, ...servers] = await Promise.all([startTestGateway(), ...['a', 'b', 'c', 'd'].map((name) => startEchoBackend(name))]);
  await gateway.table({ key: plain, proxy: 'e2e/gw', port: 80, scheme: 'http', misdirected: [] });
  port = await gateway.listen(listener(plain, 80));
  await gateway.table({ key: sharded, proxy: 'e2e/gw', port: 8080, scheme: 'http', misdirected: [] }, 64);
  shardedPort = await gateway.listen(listener(sharded, 8080), new Map([[sharded, 64]]));
});

after(async () => {
  await gateway.close();
  for (const server of servers) await server.close();
});

const ports = (...names: readonly string[]): number[] => servers.filter(({ name }) => names.includes(name)).map((server) => server.port);

const cookie: Session = { type: 'cookie', name: 'stay', path: '/', lifetime: undefined, permanent: false };

async function host(name: string, shares: Forward['backends'], table = plain): Promise<void> {
  await gateway.hosts(table, { [name]: [route('r', forward(shares))] });
}

/** The cookies of an answer: name → what is sent back, and attributes. */
function cookiesOf({ headers }: Reply): Map<string, { readonly pair: string; readonly attributes: readonly string[] }> {
  const lines = [headers['set-cookie'] ?? []].flat();
  return new Map(lines.map((line) => {
    const [pair = '', ...attributes] = line.split('; ');
    return [pair.slice(0, pair.indexOf('=')), { pair, attributes }];
  }));
}

/** Sends a request with all cookies so far, and keeps what it is given. */
class Client {
  readonly #jar = new Map<string, string>();

  async ask(name: string, at = port, path = '/'): Promise<Reply> {
    const reply = await ask(at, { host: name, path, headers: this.#jar.size === 0 ? {} : { cookie: [...this.#jar.values()].join('; ') } });
    for (const [key, { pair }] of cookiesOf(reply)) this.#jar.set(key, pair);
    return reply;
  }

  get names(): string[] {
    return [...this.#jar.keys()].sort();
  }
}

describe('a session in a cookie', () => {
  for (const [table, at] of [[plain, () => port], [sharded, () => shardedPort]] as const) {
    test(`stays with one of three servers for 50 requests${table === sharded ? ', in a table in shards too' : ''}`, async () => {
      await gateway.backend({ key: 'three' }, ports('a', 'b', 'c'));
      await host('stay.test', [share('three', 1, { session: cookie })], table);
      const seen = new Set<string>();
      for (let client = 0; client < 10; client++) {
        const browser = new Client();
        const first = seenBy(await browser.ask('stay.test', at())).backend;
        for (let i = 0; i < 50; i++) assert.equal(seenBy(await browser.ask('stay.test', at())).backend, first);
        seen.add(first);
      }
      assert.ok(seen.size > 1, 'clients are spread');
    });
  }

  test('is given once, for the client alone, and shown to the server', async () => {
    await gateway.backend({ key: 'three' }, ports('a', 'b', 'c'));
    await host('attributes.test', [share('three', 1, { session: { ...cookie, path: '/shop' } })]);
    const browser = new Client();
    const given = cookiesOf(await browser.ask('attributes.test', port, '/shop/x')).get('stay');
    assert.deepEqual(given?.attributes.toSorted(), ['HttpOnly', 'Path=/shop', 'SameSite=Strict']);
    const again = await browser.ask('attributes.test', port, '/shop/x');
    assert.equal(cookiesOf(again).size, 0);
    assert.equal(seenBy(again).headers['cookie'], given?.pair);
  });

  test('is Secure behind TLS', async () => {
    const key = 'e2e/gw/443';
    await gateway.table({ key, proxy: 'e2e/gw', port: 443, scheme: 'https', misdirected: [] });
    await gateway.certificate({ key: 'Secret/e2e/secure.test', ...selfSigned('secure.test') });
    const tls = { certificates: ['Secret/e2e/secure.test'], alpn: ['h2'] as const };
    const tlsPort = await gateway.listen(listener(key, 443, [{ name: 'https', serverNames: [], tls, target: { type: 'routes', table: key } }]));
    await gateway.backend({ key: 'three' }, ports('a', 'b', 'c'));
    const shared = route('r', forward([share('three', 1, { session: cookie })]));
    await gateway.hosts(key, { 'secure.test': [shared] });
    await gateway.hosts(plain, { 'secure.test': [shared] });
    await until('the workers have the route', async () => (await askTls(tlsPort, { serverName: 'secure.test', host: 'secure.test' })).status === 200);
    const secure = async (reply: Promise<Reply>) => cookiesOf(await reply).get('stay')?.attributes.includes('Secure');
    assert.equal(await secure(askTls(tlsPort, { serverName: 'secure.test', host: 'secure.test' })), true);
    assert.equal(await secure(ask(port, { host: 'secure.test' })), false);
  });

  test('moves to another server when its own is gone, and stays there', async () => {
    await gateway.backend({ key: 'moving' }, ports('a', 'b', 'c'));
    await host('moving.test', [share('moving', 1, { session: cookie })]);
    const browser = new Client();
    const first = seenBy(await browser.ask('moving.test')).backend;
    await gateway.backend({ key: 'moving' }, ports(...['a', 'b', 'c'].filter((name) => name !== first)));
    await until('the server is out', async () => seenBy(await browser.ask('moving.test')).backend !== first);
    const second = seenBy(await browser.ask('moving.test')).backend;
    await gateway.backend({ key: 'moving' }, ports('a', 'b', 'c'));
    for (let i = 0; i < 20; i++) assert.equal(seenBy(await browser.ask('moving.test')).backend, second);
  });

  test('has no say in the share of a backend, and each backend has one of its own', async () => {
    await gateway.backend({ key: 'left' }, ports('a', 'b'));
    await gateway.backend({ key: 'right' }, ports('c', 'd'));
    const shares = [share('left', 3, { session: { ...cookie, name: 'left' } }), share('right', 1, { session: { ...cookie, name: 'right' } })];
    await host('split.test', shares);
    const browser = new Client();
    const counts = new Map<string, number>();
    for (let i = 0; i < 400; i++) {
      const { backend } = seenBy(await browser.ask('split.test'));
      counts.set(backend, (counts.get(backend) ?? 0) + 1);
    }
    assert.deepEqual(browser.names, ['left', 'right']);
    const [left, right] = [...counts].toSorted(([, a], [, b]) => b - a);
    assert.deepEqual([counts.size, ['a', 'b'].includes(left?.[0] ?? ''), ['c', 'd'].includes(right?.[0] ?? '')], [2, true, true]);
    // Five standard deviations of the binomial distribution.
    assert.ok(Math.abs((left?.[1] ?? 0) - 300) <= 5 * Math.sqrt(400 * 0.75 * 0.25), `${left?.[1]} of 400 is not about 300`);
  });

  test('ends after its lifetime; the client keeps a permanent one for so long, and forgets the other before', async () => {
    await gateway.backend({ key: 'three' }, ports('a', 'b', 'c'));
    await host('permanent.test', [share('three', 1, { session: { ...cookie, lifetime: 90_000, permanent: true } })]);
    await host('session.test', [share('three', 1, { session: { ...cookie, lifetime: 1000 } })]);
    assert.ok(cookiesOf(await new Client().ask('permanent.test')).get('stay')?.attributes.includes('Max-Age=90'));
    const browser = new Client();
    const given = cookiesOf(await browser.ask('session.test')).get('stay');
    assert.deepEqual(given?.attributes.toSorted(), ['HttpOnly', 'Path=/', 'SameSite=Strict']);
    assert.equal(cookiesOf(await browser.ask('session.test')).size, 0);
    await until('the session is over', async () => cookiesOf(await browser.ask('session.test')).has('stay'));
  });

  test('leaves the cookies of servers alone', async () => {
    await gateway.backend({ key: 'three' }, ports('a', 'b', 'c'));
    await host('others.test', [share('three', 1, { session: { ...cookie, lifetime: 60_000 } })]);
    const { headers } = await ask(port, { host: 'others.test', path: '/?cookie=one%3D1;%20Max-Age%3D5&cookie=two%3D2' });
    assert.deepEqual([headers['set-cookie'] ?? []].flat().map((line) => line.replace(/^stay=.*/, 'ours')), ['one=1; Max-Age=5', 'two=2', 'ours']);
  });
});

describe('a session in a header', () => {
  test('stays with the server that the header of an answer names', async () => {
    await gateway.backend({ key: 'three' }, ports('a', 'b', 'c'));
    await host('header.test', [share('three', 1, { session: { type: 'header', name: 'x-session' } })]);
    const first = await ask(port, { host: 'header.test' });
    const session = String(first.headers['x-session']);
    for (let i = 0; i < 20; i++) {
      assert.equal(seenBy(await ask(port, { host: 'header.test', headers: { 'x-session': session } })).backend, seenBy(first).backend);
    }
  });
});
