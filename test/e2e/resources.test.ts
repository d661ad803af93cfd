import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Cors, Mirror, PathChange, Redirect, Retry, RouteMatch, Timeouts } from '../../src/ir/route.ts';
import { ask, askTls, seenBy, upgrade } from './support/client.ts';
import { selfSigned } from './support/certificate.ts';
import { startEchoBackend } from './support/echo-backend.ts';
import type { EchoBackend, Seen } from './support/echo-backend.ts';
import { startTestGateway } from './support/gateway.ts';
import type { TestGateway } from './support/gateway.ts';
import { changes, direct, forward, listener, loopback, route, rule, share } from '../support/ir-values.ts';
import { until } from './envoy.ts';

/** What the encoders make of ir values, judged by what a real Envoy does with it. */

const plain = 'e2e/gw/80';
const sharded = 'e2e/gw/8080';

let gateway: TestGateway;
let port: number;
let a: EchoBackend;
let b: EchoBackend;
let h2: EchoBackend;

before(async () => {
  [gateway, a, b, h2] = await Promise.all([startTestGateway(), startEchoBackend('a'), startEchoBackend('b'), startEchoBackend('h2', { protocol: 'h2c' })]);
  await gateway.backend({ key: 'a' }, [a.port]);
  await gateway.backend({ key: 'b' }, [b.port]);
  await gateway.table({ key: plain, proxy: 'e2e/gw', port: 80, scheme: 'http', misdirected: [] });
  port = await gateway.listen(listener(plain, 80));
});

after(async () => {
  await gateway.close();
  await Promise.all([a.close(), b.close(), h2.close()]);
});

describe('matching', () => {
  const cases: { name: string; match: Partial<RouteMatch>; fits: Request[]; not: Request[] }[] = [
    { name: 'an exact path', match: { path: { type: 'Exact', value: '/a' } }, fits: [{ path: '/a' }, { path: '/a?x=1' }], not: [{ path: '/a/' }, { path: '/ab' }, { path: '/A' }] },
    { name: 'a path prefix, by whole segments', match: prefix('/a/b'), fits: [{ path: '/a/b' }, { path: '/a/b/' }, { path: '/a/b/c' }, { path: '/a/b?c' }], not: [{ path: '/a/bc' }, { path: '/a' }] },
    { name: 'a path prefix with a slash at its end like one without', match: prefix('/a/'), fits: [{ path: '/a' }, { path: '/a/x' }], not: [{ path: '/ax' }] },
    { name: 'the prefix / with every path', match: prefix('/'), fits: [{ path: '/' }, { path: '/x/y' }], not: [] },
    {
      name: 'a regular expression against the whole path without the query',
      match: { path: { type: 'RegularExpression', value: '/v[0-9]+/(x|y)' } },
      fits: [{ path: '/v12/x' }, { path: '/v1/y?q=/z' }],
      not: [{ path: '/v1/xx' }, { path: '/p/v1/x' }],
    },
    { name: 'a method', match: { method: 'PUT' }, fits: [{ method: 'PUT' }], not: [{ method: 'GET' }] },
    {
      name: 'every one of several headers, names in any case',
      match: { headers: [{ type: 'Exact', name: 'x-one', value: 'A b' }, { type: 'RegularExpression', name: 'x-two', value: 'v[12]' }] },
      fits: [{ headers: { 'X-One': 'A b', 'x-two': 'v2' } }],
      not: [{ headers: { 'x-one': 'A b' } }, { headers: { 'x-one': 'a b', 'x-two': 'v1' } }, { headers: { 'x-one': 'A b', 'x-two': 'v12' } }],
    },
    { name: 'the Host header', match: { headers: [{ type: 'RegularExpression', name: 'host', value: 'match.*' }] }, fits: [{}], not: [] },
    { name: 'a Host header that is another', match: { headers: [{ type: 'Exact', name: 'host', value: 'other.test' }] }, fits: [], not: [{}] },
    {
      name: 'query parameters',
      match: { queryParams: [{ type: 'Exact', name: 'x', value: '1' }, { type: 'RegularExpression', name: 'y', value: 'a+' }] },
      fits: [{ path: '/?y=aa&x=1' }],
      not: [{ path: '/?x=1' }, { path: '/?x=1&y=ab' }, { path: '/?x=11&y=a' }],
    },
  ];
  for (const { name, match, fits, not } of cases) {
    test(`fits ${name}`, async () => {
      const host = `match-${cases.findIndex((each) => each.name === name)}.test`;
      await gateway.hosts(plain, { [host]: [route('tried', direct(200, 'fits'), match)] });
      for (const request of fits) assert.equal((await ask(port, { host, ...request })).status, 200, JSON.stringify(request));
      for (const request of not) assert.equal((await ask(port, { host, ...request })).status, 404, JSON.stringify(request));
    });
  }

  test('takes the first route that fits, and the host that fits best', async () => {
    await gateway.hosts(plain, {
      '*.order.test': [route('wild', direct(200, 'wild'))],
      'exact.order.test': [route('first', direct(200, 'first'), prefix('/x')), route('second', direct(200, 'second'))],
    });
    assert.equal((await ask(port, { host: 'exact.order.test', path: '/x/y' })).body, 'first');
    assert.equal((await ask(port, { host: 'exact.order.test', path: '/y' })).body, 'second');
    assert.equal((await ask(port, { host: 'EXACT.order.test:80', path: '/y' })).body, 'second');
    assert.equal((await ask(port, { host: 'a.b.order.test' })).body, 'wild');
    assert.equal((await ask(port, { host: 'unknown.test' })).status, 404);
  });

  test('sees paths as servers do: dot segments and double slashes are gone before it matches', async () => {
    await gateway.hosts(plain, { 'normal.test': [route('secret', direct(403, ''), prefix('/secret')), route('rest', forward(['a']))] });
    for (const path of ['/secret', '/x/../secret', '//secret', '/./secret/y']) assert.equal((await ask(port, { host: 'normal.test', path })).status, 403, path);
    const redirected = await ask(port, { host: 'normal.test', path: '/x%2Fy' });
    assert.equal(redirected.status, 307);
    assert.equal(redirected.headers['location'], '/x/y');
  });
});

interface Request {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function prefix(value: string): Partial<RouteMatch> {
  return { path: { type: 'PathPrefix', value } };
}

describe('headers', () => {
  test('are removed, set and added on the way in, with values as written', async () => {
    const requestHeaders = changes({
      set: [{ name: 'x-set', value: '100% %REQ(x-secret)%' }, { name: 'x-empty', value: '' }],
      add: [{ name: 'x-add', value: 'two' }, { name: 'x-add', value: 'three' }],
      remove: ['x-gone'],
    });
    await gateway.hosts(plain, { 'request-headers.test': [route('r', forward(['a'], {}, { requestHeaders }))] });
    const { headers } = seenBy(await ask(port, { host: 'request-headers.test', headers: { 'x-set': 'old', 'x-add': 'one', 'x-gone': 'here', 'x-secret': 's' } }));
    assert.equal(headers['x-set'], '100% %REQ(x-secret)%');
    assert.equal(headers['x-empty'], '');
    assert.equal(headers['x-add'], 'one, two, three');
    assert.equal(headers['x-gone'], undefined);
  });

  test('are changed on the way out, of forwarded answers and of redirects', async () => {
    const responseHeaders = changes({ set: [{ name: 'x-backend', value: '50%' }], add: [{ name: 'x-more', value: '1' }], remove: ['x-backend-secret'] });
    const redirect: Redirect = { type: 'redirect', scheme: undefined, hostname: 'x.test', port: undefined, path: undefined, statusCode: 302 };
    await gateway.hosts(plain, {
      'response-headers.test': [route('redirect', rule(redirect, { responseHeaders }), prefix('/redirect')), route('r', forward(['a'], {}, { responseHeaders }))],
    });
    const forwarded = await ask(port, { host: 'response-headers.test' });
    assert.deepEqual([forwarded.headers['x-backend'], forwarded.headers['x-more'], forwarded.headers['x-backend-secret']], ['50%', '1', undefined]);
    assert.equal((await ask(port, { host: 'response-headers.test', path: '/redirect' })).headers['x-more'], '1');
  });

  for (const other of [0, 1]) {
    test(`of ${other === 0 ? 'a single backend' : 'one of several backends'} are changed after those of the rule`, async () => {
      const host = `backend-headers-${other}.test`;
      const own = share('a', 1, {
        requestHeaders: changes({ set: [{ name: 'x-who', value: 'backend' }], add: [{ name: 'x-both', value: 'backend' }], remove: ['x-rule'] }),
        responseHeaders: changes({ set: [{ name: 'x-who', value: 'backend' }] }),
      });
      const ofRule = changes({ set: [{ name: 'x-who', value: 'rule' }, { name: 'x-rule', value: 'rule' }], add: [{ name: 'x-both', value: 'rule' }] });
      await gateway.hosts(plain, { [host]: [route('r', forward([own, share('b', other)], {}, { requestHeaders: ofRule, responseHeaders: ofRule }))] });
      const seen = await tally(30, async () => {
        const reply = await ask(port, { host });
        const { backend, headers } = seenBy(reply);
        return [backend, reply.headers['x-who'], headers['x-who'], headers['x-both'], headers['x-rule']].join(' | ');
      });
      assert.deepEqual(Object.keys(seen).sort(), ['a | backend | backend | rule, backend | ', 'b | rule | rule | rule | rule'].slice(0, other + 1));
    });
  }

  test('that would break a request are left alone: a set Host is a host rewrite, pseudo headers stay', async () => {
    const requestHeaders = changes({ set: [{ name: 'host', value: 'set.test' }, { name: ':path', value: '/evil' }], remove: ['host', ':method'] });
    await gateway.hosts(plain, { 'host-header.test': [route('r', forward(['a'], {}, { requestHeaders }))] });
    const seen = seenBy(await ask(port, { host: 'host-header.test', path: '/good' }));
    assert.deepEqual([seen.headers['host'], seen.path], ['set.test', '/good']);
  });

  test('with underscores are refused', async () => {
    await gateway.hosts(plain, { 'underscore.test': [route('r', forward(['a']))] });
    assert.equal((await ask(port, { host: 'underscore.test', headers: { x_a: '1' } })).status, 400);
  });

  test('tell the backend a request id and who asked, and nothing of the proxy', async () => {
    await gateway.hosts(plain, { 'added.test': [route('r', forward(['a'], { timeouts: { request: 5000, backendRequest: undefined } }))] });
    const reply = await ask(port, { host: 'added.test' });
    const { headers } = seenBy(reply);
    assert.match(String(headers['x-request-id']), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.equal(headers['x-forwarded-proto'], 'http');
    assert.notEqual(headers['x-forwarded-for'], undefined);
    for (const name of ['x-envoy-expected-rq-timeout-ms', 'x-envoy-original-path', 'x-moongate-shard']) assert.equal(headers[name], undefined, name);
    for (const name of ['server', 'x-envoy-upstream-service-time']) assert.equal(reply.headers[name], undefined, name);
  });
});

describe('rewriting', () => {
  /** https://gateway-api.sigs.k8s.io/reference/spec/#httppathmodifier, and what it says nothing about. */
  const table: [match: string, change: PathChange['type'], value: string, path: string, becomes: string][] = [
    ['/foo', 'ReplacePrefixMatch', '/xyz', '/foo/bar', '/xyz/bar'],
    ['/foo', 'ReplacePrefixMatch', '/xyz/', '/foo/bar', '/xyz/bar'],
    ['/foo/', 'ReplacePrefixMatch', '/xyz', '/foo/bar', '/xyz/bar'],
    ['/foo/', 'ReplacePrefixMatch', '/xyz/', '/foo/bar', '/xyz/bar'],
    ['/foo', 'ReplacePrefixMatch', '/xyz', '/foo', '/xyz'],
    ['/foo', 'ReplacePrefixMatch', '/xyz/', '/foo', '/xyz'],
    ['/foo', 'ReplacePrefixMatch', '/xyz', '/foo/', '/xyz/'],
    ['/foo', 'ReplacePrefixMatch', '', '/foo/bar', '/bar'],
    ['/foo', 'ReplacePrefixMatch', '', '/foo/', '/'],
    ['/foo', 'ReplacePrefixMatch', '', '/foo', '/'],
    ['/foo', 'ReplacePrefixMatch', '/', '/foo/bar', '/bar'],
    ['/foo', 'ReplacePrefixMatch', '/', '/foo/', '/'],
    ['/foo', 'ReplacePrefixMatch', '/', '/foo', '/'],
    ['/foo', 'ReplacePrefixMatch', '/', '/foo?q=/foo', '/?q=/foo'],
    ['/f.o(', 'ReplacePrefixMatch', '/', '/f.o(/bar', '/bar'],
    ['/', 'ReplacePrefixMatch', '/xyz', '/bar', '/xyz/bar'],
    ['/', 'ReplacePrefixMatch', '/xyz', '/', '/xyz/'],
    ['/', 'ReplacePrefixMatch', '/', '/bar', '/bar'],
    ['/foo', 'ReplaceFullPath', '/full', '/foo/bar?q=1', '/full?q=1'],
    ['/foo', 'ReplaceFullPath', '/a%20b\\1', '/foo', '/a%20b\\1'],
    ['/foo', 'ReplaceFullPath', '', '/foo', '/'],
  ];
  for (const [i, [match, type, value, path, becomes]] of table.entries()) {
    test(`${type} of ${match} by '${value}' makes ${path} ${becomes}`, async () => {
      const change = { hostname: undefined, path: { type, value } };
      await gateway.hosts(plain, { [`rewrite-${i}.test`]: [route('r', forward(['a'], { rewrite: change }), prefix(match))] });
      assert.equal(seenBy(await ask(port, { host: `rewrite-${i}.test`, path })).path, becomes);
    });
    test(`a redirect with ${type} of ${match} by '${value}' makes ${path} ${becomes}`, async () => {
      const redirect: Redirect = { type: 'redirect', scheme: undefined, hostname: 'to.test', port: undefined, path: { type, value }, statusCode: 302 };
      await gateway.hosts(plain, { [`redirect-path-${i}.test`]: [route('r', rule(redirect), prefix(match))] });
      assert.equal((await ask(port, { host: `redirect-path-${i}.test`, path })).headers['location'], `http://to.test${becomes}`);
    });
  }

  test('gives the backend another Host, that of the backend before that of the rule', async () => {
    const rewrite = { hostname: 'rule.test', path: undefined };
    const own = share('a', 1, { rewrite: { hostname: 'backend.test', path: undefined } });
    await gateway.hosts(plain, {
      'host-1.test': [route('r', forward(['a'], { rewrite }))],
      'host-2.test': [route('r', forward([own], { rewrite }))],
    });
    assert.equal(seenBy(await ask(port, { host: 'host-1.test' })).headers['host'], 'rule.test');
    assert.equal(seenBy(await ask(port, { host: 'host-2.test' })).headers['host'], 'backend.test');
  });

  test('gives each of several backends a path of its own, in proportion to weights', async () => {
    const path = (value: string) => ({ rewrite: { hostname: undefined, path: { type: 'ReplacePrefixMatch' as const, value } } });
    const backends = [share('a', 2, path('/one')), share('b', 1, path('/two')), share(undefined, 1)];
    await gateway.hosts(plain, { 'paths.test': [route('r', forward(backends), prefix('/x'))] });
    const answers = await tally(400, async () => {
      const reply = await ask(port, { host: 'paths.test', path: '/x/y' });
      return reply.status === 200 ? `${seenBy(reply).backend} ${seenBy(reply).path}` : String(reply.status);
    });
    assert.deepEqual(Object.keys(answers).sort(), ['500', 'a /one/y', 'b /two/y']);
    assertShare(answers['a /one/y'], 400, 1 / 2);
    assertShare(answers['500'], 400, 1 / 4);
  });
});

/** Counts outcomes of `n` runs. */
async function tally(n: number, run: () => Promise<string>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < n; i++) {
    const outcome = await run();
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

/** Within five standard deviations of the binomial distribution: wrong by chance once in a million. */
function assertShare(count: number | undefined, n: number, p: number): void {
  const margin = 5 * Math.sqrt(n * p * (1 - p));
  assert.ok(Math.abs((count ?? 0) - n * p) <= margin, `${count} of ${n} is not about ${p}`);
}

describe('redirecting', () => {
  const none = { scheme: undefined, hostname: undefined, port: undefined, path: undefined };
  /** Listener http on 80 (`redirect-80`) or on 8000 (`redirect-8000`), Host as given. */
  const cases: readonly [number: 80 | 8000, redirect: Partial<Redirect>, host: string, location: string][] = [
    [80, {}, 'exact.test', 'http://exact.test/p?q'],
    [80, { hostname: 'to.test' }, 'exact.test', 'http://to.test/p?q'],
    [80, { scheme: 'https' }, 'exact.test', 'https://exact.test/p?q'],
    [80, { scheme: 'https' }, 'exact.test:80', 'https://exact.test/p?q'],
    [80, { scheme: 'https' }, 'exact.test:8080', 'https://exact.test/p?q'],
    [80, { scheme: 'https' }, 'a.wild.test', 'https://a.wild.test/p?q'],
    [80, { scheme: 'https' }, 'a.wild.test:8080', 'https://a.wild.test:443/p?q'],
    [80, { scheme: 'https', port: 443 }, 'exact.test', 'https://exact.test/p?q'],
    [80, { scheme: 'https', port: 8443 }, 'exact.test:80', 'https://exact.test:8443/p?q'],
    [80, { scheme: 'http', port: 443, hostname: 'to.test' }, 'exact.test', 'http://to.test:443/p?q'],
    [80, { port: 8080 }, 'exact.test', 'http://exact.test:8080/p?q'],
    [80, { port: 80 }, 'exact.test', 'http://exact.test/p?q'],
    [8000, {}, 'exact.test:8000', 'http://exact.test:8000/p?q'],
    [8000, { hostname: 'to.test' }, 'exact.test', 'http://to.test:8000/p?q'],
    [8000, { scheme: 'http' }, 'exact.test:8000', 'http://exact.test/p?q'],
    [8000, { scheme: 'https' }, 'exact.test:8000', 'https://exact.test/p?q'],
    [8000, { port: 80 }, 'exact.test:8000', 'http://exact.test/p?q'],
  ];
  const ports = new Map<number, number>();

  before(async () => {
    for (const number of [80, 8000]) {
      const key = `e2e/redirect/${number}`;
      await gateway.table({ key, proxy: 'e2e/gw', port: number, scheme: 'http', misdirected: [] });
      ports.set(number, await gateway.listen(listener(key, number)));
    }
  });

  for (const [number, change, host, location] of cases) {
    test(`by ${JSON.stringify(change)} on port ${number} sends ${host} to ${location}`, async () => {
      const redirect: Redirect = { type: 'redirect', ...none, statusCode: 301, ...change };
      await gateway.hosts(`e2e/redirect/${number}`, { [host.startsWith('a.wild') ? '*.wild.test' : 'exact.test']: [route('r', rule(redirect))] });
      assert.equal((await ask(ports.get(number) ?? 0, { host, path: '/p?q' })).headers['location'], location);
    });
  }

  for (const statusCode of [301, 302, 303, 307, 308] as const) {
    test(`answers ${statusCode}`, async () => {
      await gateway.hosts(plain, { 'status.test': [route('r', rule({ type: 'redirect', ...none, hostname: 'to.test', statusCode }))] });
      assert.equal((await ask(port, { host: 'status.test' })).status, statusCode);
    });
  }
});

describe('forwarding', () => {
  test('shares requests by weight, answers 500 for the share of an invalid backend, gives nothing to weight 0', async () => {
    const c = [share('a', 2_000_000), share(undefined, 1_000_000), share('b', 1_000_000), share('b', 0)];
    await gateway.hosts(plain, { 'weights.test': [route('r', forward(c))], 'zero.test': [route('r', forward([share('a', 1), share('b', 0)]))] });
    const answers = await tally(400, async () => {
      const reply = await ask(port, { host: 'weights.test' });
      return reply.status === 200 ? seenBy(reply).backend : String(reply.status);
    });
    assertShare(answers['a'], 400, 1 / 2);
    assertShare(answers['b'], 400, 1 / 4);
    assertShare(answers['500'], 400, 1 / 4);
    assert.deepEqual(await tally(20, async () => seenBy(await ask(port, { host: 'zero.test' })).backend), { a: 20 });
  });

  test('answers 500 when every backend is invalid, and 503 when a backend has no servers', async () => {
    await gateway.backend({ key: 'empty' }, []);
    await gateway.hosts(plain, { 'invalid.test': [route('r', forward([share(undefined, 1)]))], 'empty.test': [route('r', forward(['empty']))] });
    assert.equal((await ask(port, { host: 'invalid.test' })).status, 500);
    assert.equal((await ask(port, { host: 'empty.test' })).status, 503);
  });

  test('copies requests to mirrors: all to one, a third to the other, with the Host as it was', async () => {
    const [all, some] = await Promise.all([startEchoBackend('all'), startEchoBackend('some')]);
    try {
      await gateway.backend({ key: 'all' }, [all.port]);
      await gateway.backend({ key: 'some' }, [some.port]);
      const mirrors: Mirror[] = [
        { backend: 'all', numerator: 1, denominator: 1 },
        { backend: 'some', numerator: 1, denominator: 3 },
        { backend: 'never', numerator: 0, denominator: 100 },
      ];
      await gateway.hosts(plain, { 'mirror.test': [route('r', forward(['a'], {}, { mirrors }))] });
      for (let i = 0; i < 300; i++) assert.equal((await ask(port, { host: 'mirror.test', path: `/${i}` })).status, 200);
      await until('the mirror has them all', () => all.seen.length >= 300);
      assert.equal(all.seen.length, 300);
      assert.equal(all.seen[0]?.headers['host'], 'mirror.test');
      assertShare(some.seen.length, 300, 1 / 3);
    } finally {
      await Promise.all([all.close(), some.close()]);
    }
  });

  test('speaks HTTP/2 without TLS to h2c backends', async () => {
    await gateway.backend({ key: 'h2', protocol: 'h2c' }, [h2.port]);
    await gateway.hosts(plain, { 'h2c.test': [route('r', forward(['h2']))] });
    const seen = seenBy(await ask(port, { host: 'h2c.test' }));
    assert.deepEqual([seen.backend, seen.httpVersion], ['h2', '2.0']);
  });

  test('finds servers by name', async () => {
    await gateway.backend({ key: 'named', discovery: { type: 'dns', hosts: [{ hostname: 'localhost', port: b.port }] } }, []);
    await gateway.hosts(plain, { 'named.test': [route('r', forward(['named']))] });
    await until('the name is resolved', async () => (await ask(port, { host: 'named.test' })).status === 200);
  });

  test('lets websockets through', async () => {
    await gateway.hosts(plain, { 'socket.test': [route('r', forward(['a']))] });
    const socket = await upgrade(port, 'socket.test');
    const echoed = new Promise((resolve) => socket.once('data', resolve));
    socket.write('over the wire');
    assert.equal(String(await echoed), 'over the wire');
    socket.destroy();
  });

  test('spares draining servers while another is ready, however few, and uses them when none is', async () => {
    const draining = ['127.0.0.2', '127.0.0.3', '127.0.0.4'].map((ip) => loopback(b.port, { draining: true, address: { type: 'ip', ip, port: b.port } }));
    const listening = loopback(b.port, { draining: true, zone: 'z' });
    await gateway.backend({ key: 'draining' }, [loopback(a.port), ...draining]);
    await gateway.backend({ key: 'drained' }, [listening]);
    await gateway.hosts(plain, { 'draining.test': [route('r', forward(['draining']))], 'drained.test': [route('r', forward(['drained']))] });
    assert.deepEqual(await tally(30, async () => seenBy(await ask(port, { host: 'draining.test' })).backend), { a: 30 });
    assert.equal(seenBy(await ask(port, { host: 'drained.test' })).backend, 'b');
  });
});

describe('CORS', () => {
  const policy: Cors = { allowOrigins: [], allowCredentials: false, allowMethods: [], allowHeaders: [], exposeHeaders: [], maxAge: 5 };
  const preflight = { 'access-control-request-method': 'PUT', 'access-control-request-headers': 'x-one, x-two' };
  let count = 0;

  /** Asks a route of that policy; gives the CORS headers of the answer, without their common beginning. */
  async function corsHeaders(part: Partial<Cors>, headers: Record<string, string>, method = 'OPTIONS'): Promise<Record<string, unknown>> {
    const host = `cors-${count++}.test`;
    await gateway.hosts(plain, { [host]: [route('r', forward(['a'], {}, { cors: { ...policy, ...part } }))] });
    const reply = await ask(port, { host, method, headers });
    assert.equal(reply.status, 200);
    return Object.fromEntries(Object.entries(reply.headers).flatMap(([name, value]) => (name.startsWith('access-control-') ? [[name.slice(15), value]] : [])));
  }

  for (const [origin, allowed] of [
    ['https://www.foo.com', true],
    ['https://a.bar.com', true],
    ['https://a.b.bar.com', true],
    ['https://bar.com', false],
    ['https://a.bar.com.evil.com', false],
    ['https://axbar.com', false],
    ['http://a.bar.com', false],
    ['https://a.bar.com:8443', false],
    ['https://a.port.com:8443', true],
    ['https://www.foo.com:443', true],
    ['https://www.foo.com:80', false],
    ['https://a.bar.com:443', true],
    ['http://default.com', true],
    ['http://default.com:80', true],
    ['http://default.com:443', false],
    ['https://www.foo.com.', false],
  ] as const) {
    test(`${allowed ? 'echoes' : 'does not know'} the origin ${origin}`, async () => {
      const allowOrigins = ['https://www.foo.com', 'https://*.bar.com', 'https://*.port.com:8443', 'http://default.com:80'];
      const expected = allowed ? origin : undefined;
      assert.equal((await corsHeaders({ allowOrigins }, { origin, ...preflight }))['allow-origin'], expected);
      assert.equal((await corsHeaders({ allowOrigins }, { origin }, 'GET'))['allow-origin'], expected);
    });
  }

  test('answers preflights with what was configured', async () => {
    const part = { allowOrigins: ['https://x.test'], allowMethods: ['GET', 'PUT'], allowHeaders: ['x-one', 'x-three'], exposeHeaders: ['x-e', 'x-f'], maxAge: 3600 };
    assert.deepEqual(await corsHeaders(part, { origin: 'https://x.test', ...preflight }), {
      'allow-origin': 'https://x.test',
      'allow-methods': 'GET, PUT',
      'allow-headers': 'x-one, x-three',
      'expose-headers': 'x-e, x-f',
      'max-age': '3600',
    });
  });

  test('echoes origin, method and headers for * everywhere with credentials', async () => {
    const part = { allowOrigins: ['*'], allowCredentials: true, allowMethods: ['*'], allowHeaders: ['*'], exposeHeaders: ['*'] };
    assert.deepEqual(await corsHeaders(part, { origin: 'https://x.test:8443', ...preflight }), {
      'allow-origin': 'https://x.test:8443',
      'allow-methods': 'PUT',
      'allow-headers': 'x-one, x-two',
      'allow-credentials': 'true',
      'max-age': '5',
    });
  });

  test('says nothing of credentials unless they are allowed', async () => {
    const part = { allowOrigins: ['*'], allowMethods: ['*'], allowHeaders: ['*'] };
    assert.equal((await corsHeaders(part, { origin: 'https://x.test', ...preflight }))['allow-credentials'], undefined);
    assert.equal((await corsHeaders(part, { origin: 'https://x.test' }, 'GET'))['allow-credentials'], undefined);
  });

  test('does not bother the backend with preflights of strangers', async () => {
    const before = a.seen.length;
    await corsHeaders({ allowOrigins: ['https://x.test'] }, { origin: 'https://y.test', ...preflight });
    assert.equal(a.seen.length, before);
  });
});

describe('timeouts and retries', () => {
  async function attempt(host: string, path: string, timeouts: Partial<Timeouts>, retry?: Partial<Retry>, backend = 'a') {
    const whole = retry === undefined ? undefined : { attempts: 1, codes: [], backoff: 1, ...retry };
    await gateway.hosts(plain, { [host]: [route('r', forward([backend], { timeouts: { request: undefined, backendRequest: undefined, ...timeouts }, retry: whole }))] });
    const earlier = a.seen.length;
    const { status } = await ask(port, { host, path: `${path}&key=${host}` });
    return { status, tries: a.seen.length - earlier };
  }

  test('end a request that takes too long with 504', async () => {
    assert.deepEqual(await attempt('timeout-1.test', '/?delay=5000', { request: 100 }), { status: 504, tries: 1 });
    assert.deepEqual(await attempt('timeout-2.test', '/?delay=5000', { backendRequest: 100 }), { status: 504, tries: 1 });
    assert.deepEqual(await attempt('timeout-3.test', '/?delay=5000', { request: 5000, backendRequest: 100 }), { status: 504, tries: 1 });
    assert.deepEqual(await attempt('timeout-4.test', '/?delay=300', {}), { status: 200, tries: 1 });
  });

  test('repeat codes that are listed, as often as allowed, and then pass the answer on', async () => {
    assert.deepEqual(await attempt('retry-1.test', '/?status=500&fail=3', {}, { attempts: 3, codes: [500] }), { status: 200, tries: 4 });
    assert.deepEqual(await attempt('retry-2.test', '/?status=500&fail=4', {}, { attempts: 3, codes: [500, 502] }), { status: 500, tries: 4 });
    assert.deepEqual(await attempt('retry-3.test', '/?status=503&fail=1', {}, { attempts: 3, codes: [500] }), { status: 503, tries: 1 });
    assert.deepEqual(await attempt('retry-4.test', '/?status=500&fail=1', {}, { attempts: 0, codes: [500] }), { status: 500, tries: 1 });
    assert.deepEqual(await attempt('retry-5.test', '/?status=500&fail=1', {}), { status: 500, tries: 1 });
  });

  test('repeat a try that ran out of time, within the time of the whole', async () => {
    assert.deepEqual(await attempt('retry-6.test', '/?delay=5000', { request: 4000, backendRequest: 100 }, { attempts: 2 }), { status: 504, tries: 3 });
    assert.deepEqual(await attempt('retry-7.test', '/?delay=5000', { request: 100 }, { attempts: 2 }), { status: 504, tries: 1 });
  });

  test('do not repeat what a server may have begun', async () => {
    assert.deepEqual(await attempt('retry-8.test', '/?reset', {}, { attempts: 3, codes: [500] }), { status: 503, tries: 1 });
  });

  test('send the body again, unless it is too long to be kept', async () => {
    const host = 'retry-body.test';
    await gateway.hosts(plain, { [host]: [route('r', forward(['a'], { retry: { attempts: 2, codes: [500], backoff: 0 } }))] });
    for (const [length, status] of [[1_000_000, 200], [2_000_000, 500]] as const) {
      const reply = await ask(port, { host, method: 'POST', path: `/?status=500&fail=2&key=body-${length}`, body: 'x'.repeat(length) });
      assert.equal(reply.status, status);
      assert.equal((JSON.parse(reply.body) as Seen).bodyLength, length);
    }
  });

  test('try another server when one cannot be reached', async () => {
    const dead = loopback(1, { address: { type: 'ip', ip: '127.0.0.9', port: a.port } });
    await gateway.backend({ key: 'half-dead' }, [dead, loopback(a.port)]);
    for (let i = 0; i < 20; i++) assert.deepEqual(await attempt('retry-9.test', '/?', {}, { attempts: 1 }, 'half-dead'), { status: 200, tries: 1 });
  });
});

describe('TLS', () => {
  let tlsPort: number;

  before(async () => {
    const names = ['one.test', 'two.test', 'wild.test'];
    const tables = [
      { name: 'one', serverNames: ['one.test'], misdirected: ['two.test', '*.wild.test', '*'] },
      { name: 'wild', serverNames: ['*.wild.test'], misdirected: ['one.test', 'two.test', '*'] },
      { name: 'rest', serverNames: [], misdirected: ['one.test', '*.wild.test'] },
    ];
    for (const { name, misdirected } of tables) {
      await gateway.table({ key: `e2e/tls/443/${name}`, proxy: 'e2e/gw', port: 443, scheme: 'https', misdirected });
    }
    for (const name of names) await gateway.certificate({ key: `Secret/e2e/${name}`, ...selfSigned(name) });
    const tls = (name: string) => ({ certificates: [`Secret/e2e/${name}`], alpn: ['h2', 'http/1.1'] as const });
    tlsPort = await gateway.listen(
      listener('e2e/tls/443', 443, [
        { name: 'one', serverNames: ['one.test'], tls: tls('one.test'), target: { type: 'routes', table: 'e2e/tls/443/one' } },
        { name: 'wild', serverNames: ['*.wild.test'], tls: tls('wild.test'), target: { type: 'routes', table: 'e2e/tls/443/wild' } },
        { name: 'rest', serverNames: [], tls: tls('two.test'), target: { type: 'routes', table: 'e2e/tls/443/rest' } },
      ]),
    );
    await gateway.hosts('e2e/tls/443/one', { 'one.test': [route('one', forward(['a']))] });
    await gateway.hosts('e2e/tls/443/wild', { '*.wild.test': [route('wild', direct(200, 'wild'))] });
    await gateway.hosts('e2e/tls/443/rest', { 'two.test': [route('two', direct(200, 'two'))] });
    await until('the workers have the routes', async () => (await askTls(tlsPort, { serverName: 'two.test', host: 'two.test' })).status === 200);
  });

  const cases: [serverName: string, host: string, status: number, subject: string][] = [
    ['one.test', 'one.test', 200, 'one.test'],
    ['one.test', 'two.test', 421, 'one.test'],
    ['one.test', 'a.wild.test', 421, 'one.test'],
    ['one.test', 'unknown.test', 421, 'one.test'],
    ['a.wild.test', 'b.wild.test', 200, 'wild.test'],
    ['a.wild.test', 'one.test', 421, 'wild.test'],
    ['two.test', 'two.test', 200, 'two.test'],
    ['two.test', 'one.test', 421, 'two.test'],
    ['unknown.test', 'two.test', 200, 'two.test'],
    ['unknown.test', 'unknown.test', 404, 'two.test'],
  ];
  for (const [serverName, host, status, subject] of cases) {
    test(`with SNI ${serverName} shows the certificate of ${subject} and answers ${status} for ${host}`, async () => {
      const reply = await askTls(tlsPort, { serverName, host });
      assert.deepEqual([reply.status, reply.subject], [status, subject]);
    });
  }

  test('tells the backend that the client spoke https', async () => {
    assert.equal(seenBy(await askTls(tlsPort, { serverName: 'one.test', host: 'one.test' })).headers['x-forwarded-proto'], 'https');
  });
});

describe('a table in shards', () => {
  const hosts = Array.from({ length: 100 }, (_, i) => `host-${i}.shard-${(i * 7919) % 100}.test`);
  let shardedPort: number;

  before(async () => {
    await gateway.table({ key: sharded, proxy: 'e2e/gw', port: 8080, scheme: 'http', misdirected: ['misdirected.test'] }, 64);
    shardedPort = await gateway.listen(listener(sharded, 8080), new Map([[sharded, 64]]));
    await gateway.hosts(sharded, {
      ...Object.fromEntries(hosts.map((host) => [host, [route('r', direct(200, host))]])),
      'forward.test': [route('r', forward(['a'], {}, { mirrors: [{ backend: 'b', numerator: 1, denominator: 1 }] }))],
      '*.wild.test': [route('r', direct(200, 'wild'))],
    });
  });

  test('answers each host as a whole table does, in upper case and with a port too', async () => {
    for (const host of hosts) {
      assert.equal((await ask(shardedPort, { host })).body, host);
      assert.equal((await ask(shardedPort, { host: `${host.toUpperCase()}:8080` })).body, host);
    }
  });

  test('answers wildcard, misdirected and unknown hosts', async () => {
    for (const host of ['a.wild.test', 'b.a.wild.test:1', 'X.WILD.TEST']) assert.equal((await ask(shardedPort, { host })).body, 'wild', host);
    assert.equal((await ask(shardedPort, { host: 'misdirected.test' })).status, 421);
    for (const host of ['unknown.test', '[::1]:8080', '[::1]', '127.0.0.1']) assert.equal((await ask(shardedPort, { host })).status, 404, host);
  });

  test('answers a host of its own with * where no other fits', async () => {
    await gateway.hosts(sharded, { '*': [route('r', direct(200, 'any'))] });
    for (const host of ['unknown.test', '[::1]:8080', '127.0.0.1']) assert.equal((await ask(shardedPort, { host })).body, 'any', host);
    assert.equal((await ask(shardedPort, { host: hosts[0] ?? '' })).body, hosts[0]);
  });

  test('keeps to itself what another table in shards has for the same host', async () => {
    const other = 'e2e/gw/8081';
    await gateway.table({ key: other, proxy: 'e2e/gw', port: 8081, scheme: 'http', misdirected: [] }, 64);
    const otherPort = await gateway.listen(listener(other, 8081), new Map([[other, 64]]));
    const host = hosts[0] ?? '';
    await gateway.hosts(other, { [host]: [route('r', direct(200, 'other'))] });
    assert.equal((await ask(otherPort, { host })).body, 'other');
    assert.equal((await ask(shardedPort, { host })).body, host);
    assert.equal((await ask(otherPort, { host: hosts[1] ?? '' })).status, 404);
  });

  test('gives gRPC-Web to a server as gRPC', async () => {
    await gateway.backend({ key: 'h2', protocol: 'h2c' }, [h2.port]);
    await gateway.hosts(sharded, { 'grpc.test': [route('r', forward(['h2'], {}, { protocol: 'grpc' }))] });
    await ask(shardedPort, { host: 'grpc.test', path: '/s/m', method: 'POST', headers: { 'content-type': 'application/grpc-web' } });
    assert.equal(h2.seen.at(-1)?.headers['content-type'], 'application/grpc');
  });

  test('takes the shard from no client, and shows it to no server', async () => {
    const mirrored = b.seen.length;
    const { headers } = seenBy(await ask(shardedPort, { host: 'forward.test', headers: { 'x-moongate-shard': ['x', `${sharded}#1`] } }));
    assert.equal(headers['x-moongate-shard'], undefined);
    await until('the mirror has it', () => b.seen.length > mirrored);
    assert.equal(b.seen.at(-1)?.headers['x-moongate-shard'], undefined);
  });
});

describe('a configuration that Envoy refuses', () => {
  test('is refused with words that name the reason, and what was there stays', async () => {
    await gateway.hosts(plain, { 'stays.test': [route('r', direct(200, 'still here'))] });
    const broken = route('broken', direct(200, ''), { path: { type: 'RegularExpression', value: '(' } });
    await assert.rejects(gateway.hosts(plain, { 'broken.test': [broken] }), /missing \)/);
    assert.equal((await ask(port, { host: 'stays.test' })).body, 'still here');
  });
});
