import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ExternalAuth } from '../../src/ir/external-auth.ts';
import type { Rule } from '../../src/ir/route.ts';
import { ask, seenBy, type Ask, type Reply } from './support/client.ts';
import { startGrpcAuth, startHttpAuth, type AuthService, type Decision, type Shown } from './support/auth-service.ts';
import { startEchoBackend, type EchoBackend } from './support/echo-backend.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { forward, listener, loopback, route, rule } from '../support/ir-values.ts';

/** Services that decide about requests, asked by a real Envoy. */

const plain = 'e2e/gw/80';
const sharded = 'e2e/gw/8080';

let gateway: TestGateway;
let app: EchoBackend;
let http: AuthService;
let grpc: AuthService;
const ports = new Map<string, number>();

before(async () => {
  [gateway, app, http, grpc] = await Promise.all([startTestGateway(), startEchoBackend('app'), startHttpAuth(decide), startGrpcAuth(decide)]);
  await gateway.backend({ key: 'app' }, [app.port]);
  await gateway.backend({ key: 'http' }, [http.port]);
  await gateway.backend({ key: 'grpc', protocol: 'h2c' }, [grpc.port]);
  await gateway.backend({ key: 'empty' }, []);
  await gateway.backend({ key: 'dead' }, [loopback(1)]);
  await gateway.table({ key: plain, proxy: 'e2e/gw', port: 80, scheme: 'http', misdirected: [] });
  ports.set(plain, await gateway.listen(listener(plain, 80)));
  await gateway.table({ key: sharded, proxy: 'e2e/gw', port: 8080, scheme: 'http', misdirected: [] }, 64);
  ports.set(sharded, await gateway.listen(listener(sharded, 8080), new Map([[sharded, 64]])));
});

after(async () => {
  await gateway.close();
  await Promise.all([app.close(), http.close(), grpc.close()]);
});

/** Whoever says who they are is let in. */
function decide({ headers }: Shown): Decision {
  const user = headers['authorization'];
  if (user === undefined) return { status: 418, headers: { 'x-why': 'nobody', 'www-authenticate': 'Basic' }, body: 'who are you?' };
  return { status: 200, headers: { 'x-user': user, 'x-role': 'admin', host: 'evil.test', 'content-type': 'text/plain' }, body: 'come in' };
}

const byHttp: ExternalAuth = { backend: 'http', check: { type: 'http', pathPrefix: '', requestHeaders: [], responseHeaders: undefined }, bodyLimit: 0 };
const byGrpc: ExternalAuth = { backend: 'grpc', check: { type: 'grpc', requestHeaders: undefined }, bodyLimit: 0 };

let count = 0;

/** Asks a route with that authorization, and says what the service was shown if it was. */
async function attempt(externalAuth: ExternalAuth, asking: Ask, more: { readonly table?: string; readonly rule?: Rule } = {}): Promise<{ reply: Reply; shown: Shown | undefined }> {
  const { table = plain, rule: base = forward(['app']) } = more;
  const host = `auth-${count++}.test`;
  await gateway.hosts(table, { [host]: [route('r', { ...base, externalAuth })] });
  const service = externalAuth.backend === 'grpc' ? grpc : http;
  const earlier = service.shown.length;
  const reply = await ask(ports.get(table) ?? 0, { host, ...asking });
  return { reply, shown: service.shown.at(earlier) };
}

for (const [name, auth] of [['HTTP', byHttp], ['gRPC', byGrpc]] as const) {
  describe(`authorization by ${name}`, () => {
    for (const table of [plain, sharded]) {
      test(`lets requests pass, with the headers that it gives them${table === sharded ? ', in a table in shards too' : ''}`, async () => {
        const { reply, shown } = await attempt(auth, { path: '/a?b=1', method: 'PUT', headers: { authorization: 'me', 'x-user': 'forged' } }, { table });
        const { headers } = seenBy(reply);
        assert.deepEqual([headers['x-user'], headers['x-role'], headers['authorization']], ['me', 'admin', 'me']);
        assert.deepEqual([shown?.method, shown?.path, shown?.body], ['PUT', '/a?b=1', '']);
      });

      test(`answers in place of the backend, in its own words${table === sharded ? ', in a table in shards too' : ''}`, async () => {
        const earlier = app.seen.length;
        const { reply } = await attempt(auth, {}, { table });
        assert.deepEqual([reply.status, reply.headers['x-why'], reply.headers['www-authenticate'], reply.body], [418, 'nobody', 'Basic', 'who are you?']);
        assert.equal(app.seen.length, earlier);
      });
    }

    test('sees the body, and of a long one the beginning, which the backend gets whole', async () => {
      const body = 'x'.repeat(100_000);
      const headers = { authorization: 'me', 'content-length': String(body.length) };
      const none = await attempt(auth, { method: 'POST', headers, body });
      assert.deepEqual([none.reply.status, none.shown?.body], [200, '']);
      const all = await attempt({ ...auth, bodyLimit: 200_000 }, { method: 'POST', headers, body });
      assert.deepEqual([all.reply.status, all.shown?.body.length], [200, body.length]);
      const some = await attempt({ ...auth, bodyLimit: 50_000 }, { method: 'POST', headers, body });
      assert.deepEqual([some.reply.status, some.shown?.body.length], [200, 50_000]);
      assert.equal(seenBy(some.reply).bodyLength, body.length);
    });

    test('guards redirects too', async () => {
      const redirect = rule({ type: 'redirect', scheme: undefined, hostname: 'to.test', port: undefined, path: undefined, statusCode: 302 });
      assert.equal((await attempt(auth, {}, { rule: redirect })).reply.status, 418);
      assert.equal((await attempt(auth, { headers: { authorization: 'me' } }, { rule: redirect })).reply.status, 302);
    });

    for (const backend of ['empty', 'dead', 'unknown']) {
      test(`refuses when the service is ${backend}`, async () => {
        const earlier = app.seen.length;
        assert.equal((await attempt({ ...auth, backend }, { headers: { authorization: 'me' } })).reply.status, 403);
        assert.equal(app.seen.length, earlier);
      });
    }
  });
}

describe('the service', () => {
  const asking = { path: '/p', headers: { authorization: 'me', 'x-one': '1', 'X-Two': '2', cookie: 'c=1', 'content-type': 'text/special' } };
  /** Names of the headers that it is shown, without those of Envoy's own. */
  const names = (shown: Shown | undefined) => Object.keys(shown?.headers ?? {}).filter((name) => !/^(x-envoy-|x-forwarded-|x-request-id|:)/.test(name)).sort();

  test('is shown by HTTP what always is, and what is allowed', async () => {
    const always = ['authorization', 'content-length', 'host'];
    assert.deepEqual(names((await attempt(byHttp, asking)).shown), always);
    const check = { ...byHttp.check, requestHeaders: ['x-two', 'cookie'] } as ExternalAuth['check'];
    const { shown } = await attempt({ ...byHttp, check }, asking);
    assert.deepEqual(names(shown), [...always, 'cookie', 'x-two'].sort());
    assert.equal(shown?.headers['content-length'], '0');
  });

  test('is shown by gRPC everything, or what is allowed', async () => {
    const all = names((await attempt(byGrpc, asking)).shown);
    for (const name of ['authorization', 'cookie', 'x-one', 'x-two']) assert.ok(all.includes(name), name);
    const check: ExternalAuth['check'] = { type: 'grpc', requestHeaders: ['x-two', 'authorization'] };
    assert.deepEqual(names((await attempt({ ...byGrpc, check }, asking)).shown), ['authorization', 'x-two']);
  });

  test('has a path put before that of the request', async () => {
    const check = { ...byHttp.check, pathPrefix: '/check' } as ExternalAuth['check'];
    assert.equal((await attempt({ ...byHttp, check }, asking)).shown?.path, '/check/p');
  });

  test('gives the request only those headers that it may, and none of its own body', async () => {
    const check = { ...byHttp.check, responseHeaders: ['x-role'] } as ExternalAuth['check'];
    const { headers } = seenBy((await attempt({ ...byHttp, check }, asking)).reply);
    assert.deepEqual([headers['x-user'], headers['x-role'], headers['content-type'], headers['content-length']], [undefined, 'admin', 'text/special', undefined]);
  });

  test('changes neither the host nor the content of a request, whatever it answers', async () => {
    const { headers } = seenBy((await attempt(byHttp, asking)).reply);
    assert.match(String(headers['host']), /^auth-\d+\.test$/);
    assert.equal(headers['content-type'], 'text/special');
  });

  test('is not asked about CORS preflights', async () => {
    const cors = { allowOrigins: ['https://a.test'], allowCredentials: false, allowMethods: ['GET'], allowHeaders: [], exposeHeaders: [], maxAge: 5 };
    const preflight = { method: 'OPTIONS', headers: { origin: 'https://a.test', 'access-control-request-method': 'GET' } };
    const { reply, shown } = await attempt(byHttp, preflight, { rule: forward(['app'], {}, { cors }) });
    assert.deepEqual([reply.status, reply.headers['access-control-allow-origin'], shown], [200, 'https://a.test', undefined]);
  });
});
