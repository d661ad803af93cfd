import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { ExternalAuth } from '../../src/ir/external-auth.ts';
import type { ListenerHosts, RequestFilter } from '../../src/ir/request-filter.ts';
import type { Route } from '../../src/ir/route.ts';
import { startGrpcAuth, startHttpAuth, type AuthService, type Decision, type Shown } from './support/auth-service.ts';
import { ask, seenBy, type Ask } from './support/client.ts';
import { startEchoBackend, type EchoBackend } from './support/echo-backend.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { direct, forward, listener, loopback, route } from '../support/ir-values.ts';

/** Filters of a listener, that a real Envoy runs before it looks for a route. */

const httpCheck = { type: 'http', pathPrefix: '', requestHeaders: ['x-tenant'], responseHeaders: undefined } as const;
const first: ExternalAuth = { backend: 'first', check: httpCheck, bodyLimit: 0 };
const second: ExternalAuth = { backend: 'second', check: httpCheck, bodyLimit: 0 };
const grpc: ExternalAuth = { backend: 'grpc', check: { type: 'grpc', requestHeaders: undefined }, bodyLimit: 0 };

let gateway: TestGateway;
let app: EchoBackend;
let services: Readonly<Record<'first' | 'second' | 'grpc', AuthService>>;
/** What the services say; a test changes it. */
let decisions: Record<string, (shown: Shown) => Decision>;
let count = 0;

const pass = (headers: Readonly<Record<string, string>> = {}) => (): Decision => ({ status: 200, headers });
const deny = (): Decision => ({ status: 401, headers: { 'x-why': 'nobody' }, body: 'who are you?' });

before(async () => {
  const decide = (name: string) => (shown: Shown) => (decisions[name] ?? deny)(shown);
  [gateway, app] = await Promise.all([startTestGateway(), startEchoBackend('app')]);
  services = { first: await startHttpAuth(decide('first')), second: await startHttpAuth(decide('second')), grpc: await startGrpcAuth(decide('grpc')) };
  await gateway.backend({ key: 'app' }, [app.port]);
  await gateway.backend({ key: 'first' }, [services.first.port]);
  await gateway.backend({ key: 'second' }, [services.second.port]);
  await gateway.backend({ key: 'grpc', protocol: 'h2c' }, [services.grpc.port]);
  await gateway.backend({ key: 'dead' }, [loopback(1)]);
});

beforeEach(() => {
  decisions = { first: pass(), second: pass(), grpc: pass() };
  for (const { shown } of Object.values(services)) shown.length = 0;
});

after(async () => {
  await gateway.close();
  await Promise.all([app, ...Object.values(services)].map((server) => server.close()));
});

interface World {
  readonly filters: readonly (ExternalAuth | undefined)[];
  readonly hosts?: ListenerHosts;
  readonly routes: Readonly<Record<string, readonly Route[]>>;
  readonly shards?: 64;
}

/** Opens a listener with filters and gives its port. */
async function listen({ filters, hosts, routes, shards }: World): Promise<number> {
  const key = `e2e/filters/${count++}`;
  const requestFilters = filters.map((externalAuth, i): RequestFilter => ({ name: `e2e/filters/http/${i}`, hosts, externalAuth }));
  await gateway.table({ key, proxy: 'e2e/gw', port: 80, scheme: 'http', misdirected: [], guarded: true }, shards);
  const chain = { name: 'http', serverNames: [], tls: undefined, target: { type: 'routes', table: key, requestFilters } } as const;
  // The routes are there before the listener is, since nobody can look behind the filters whether they have come.
  await gateway.hosts(key, routes);
  return gateway.listen(listener(key, 80, [chain]), new Map(shards === undefined ? [] : [[key, shards]]));
}

const match = (value: string) => ({ headers: [{ type: 'Exact', name: 'x-tenant', value }] }) as const;
const byTenant = [route('a', direct(200, 'tenant a'), match('a')), route('b', direct(200, 'tenant b'), match('b')), route('app', forward(['app']), { path: { type: 'Exact', value: '/app' } })];

async function says(port: number, asking: Ask): Promise<string> {
  const { status, body } = await ask(port, asking);
  return status === 200 ? body : String(status);
}

for (const shards of [undefined, 64] as const) {
  describe(`filters of a listener${shards === undefined ? '' : ' whose table is in shards'}`, () => {
    const more = shards === undefined ? {} : { shards };

    test('decide what the routes are matched with', async () => {
      const port = await listen({ ...more, filters: [first], routes: { 'a.test': byTenant } });
      decisions['first'] = ({ headers }) => ({ status: 200, headers: { 'x-tenant': headers['authorization'] ?? 'a' } });
      assert.equal(await says(port, { headers: { authorization: 'b' } }), 'tenant b');
      assert.equal(await says(port, { headers: { 'x-tenant': 'b' } }), 'tenant a', 'what the client says of itself is overwritten');
      assert.equal(await says(port, { headers: { authorization: 'c' } }), '404');
    });

    test('run in order', async () => {
      decisions = { first: pass({ 'x-tenant': 'a' }), second: pass({ 'x-tenant': 'b' }) };
      assert.equal(await says(await listen({ ...more, filters: [first, second], routes: { 'a.test': byTenant } }), {}), 'tenant b');
      assert.equal(services.second.shown[0]?.headers['x-tenant'], 'a');
      assert.equal(await says(await listen({ ...more, filters: [second, first], routes: { 'a.test': byTenant } }), {}), 'tenant a');
    });

    test('answer in place of everything after them, whether there is a route or not', async () => {
      const port = await listen({ ...more, filters: [first, second], routes: { 'a.test': byTenant } });
      decisions['first'] = deny;
      for (const asking of [{ path: '/app' }, { path: '/nowhere' }, { host: 'unknown.test' }]) {
        const { status, headers, body } = await ask(port, asking);
        assert.deepEqual([status, headers['x-why'], body], [401, 'nobody', 'who are you?']);
      }
      assert.deepEqual([services.first.shown.length, services.second.shown.length, app.seen.length], [3, 0, 0]);
    });
  });
}

test('no filter changes the host; gRPC may change the path that the routes are matched with', async () => {
  const routes = { 'a.test': byTenant, 'evil.test': [route('evil', direct(200, 'evil'))] };
  decisions['first'] = pass({ host: 'evil.test' });
  const byHttp = await listen({ filters: [first], routes });
  assert.equal(seenBy(await ask(byHttp, { path: '/app' })).headers['host'], 'a.test');
  for (const name of ['host', ':authority']) {
    decisions['grpc'] = pass({ [name]: 'evil.test', ':path': '/app' });
    const byGrpc = await listen({ filters: [grpc], routes });
    const { headers, path } = seenBy(await ask(byGrpc, { path: '/nowhere' }));
    assert.deepEqual([headers['host'], path], ['a.test', '/app'], name);
  }
});

test('preflights are no exception', async () => {
  const cors = { allowOrigins: ['*'], allowCredentials: false, allowMethods: ['GET'], allowHeaders: [], exposeHeaders: [], maxAge: 5 };
  const port = await listen({ filters: [first], routes: { 'a.test': [route('r', forward(['app'], {}, { cors }))] } });
  decisions['first'] = deny;
  assert.equal(await says(port, { method: 'OPTIONS', headers: { origin: 'https://b.test', 'access-control-request-method': 'GET' } }), '401');
});

test('a filter sees bodies that are longer than what Envoy keeps of others', async () => {
  const port = await listen({ filters: [{ ...first, bodyLimit: 100_000 }], routes: { 'a.test': byTenant } });
  const body = 'x'.repeat(150_000);
  const reply = await ask(port, { path: '/app', method: 'POST', headers: { 'content-length': String(body.length) }, body });
  assert.deepEqual([services.first.shown[0]?.body.length, seenBy(reply).bodyLength], [100_000, body.length]);
});

test('nobody gets past a filter that leads nowhere, or whose service does not answer', async () => {
  const routes = { 'a.test': byTenant };
  assert.equal(await says(await listen({ filters: [first, undefined], routes }), { path: '/app' }), '500');
  assert.equal(await says(await listen({ filters: [{ ...first, backend: 'dead' }], routes }), { path: '/app' }), '403');
});

describe('listeners that share a chain', () => {
  const routes = {
    '*': [route('wide', direct(200, 'wide'))],
    '*.b.test': [route('inner', direct(200, 'inner'))],
    'c.b.test': [route('exact', direct(200, 'exact'))],
  };
  /** Ways of writing a host, whatever Envoy makes of them. */
  const strange = [
    'b.test', 'x.b.test', 'X.B.TEST', 'c.b.test', 'C.b.test', 'x.c.b.test', 'x.b.test:80', 'c.b.test:8080', 'c.b.test:', 'c.b.test:x', 'x.b.test.', 'c.b.test.', '.b.test',
    'c.b.test:99999', 'c.b.test:999999', 'c.b.test:4294967296', 'c.b.test:99999999999999999999', 'e:x.b.test', 'e:c.b.test', 'e:80:x.b.test', 'e@x.b.test', 'c.b.test@e',
    'c.b.test:80:90', '[::1]:80', '[::1]', '[c.b.test]', 'e.test:x.b.test:80', 'x.b.test:80:x', 'c%2eb.test', 'xb.test', 'x.c-b.test',
  ];
  const cases: readonly [guarded: string, hosts: ListenerHosts, host: string, other: string][] = [
    ['wide', { hostname: '*', except: ['*.b.test', 'c.b.test'] }, 'e.test', 'x.b.test'],
    ['inner', { hostname: '*.b.test', except: ['c.b.test'] }, 'x.b.test', 'c.b.test'],
    ['exact', { hostname: 'c.b.test', except: [] }, 'c.b.test', 'x.b.test'],
  ];
  for (const [guarded, hosts, host, other] of cases) {
    test(`have the filters of ${hosts.hostname} for its own hosts, however these are written`, async () => {
      const port = await listen({ filters: [first], hosts, routes });
      decisions['first'] = deny;
      assert.equal(await says(port, { host }), '401');
      assert.notEqual(await says(port, { host: other }), '401');
      for (const each of strange) assert.notEqual(await says(port, { host: each }), guarded, each);
    });
  }
});
