import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BackendTls } from '../ir/backend-tls.ts';
import type { Backend } from '../ir/backend.ts';
import type { FilterChain, Listener, RouteTable } from '../ir/listener.ts';
import type { Route, VirtualHost } from '../ir/route.ts';
import type { StreamRoute } from '../ir/stream.ts';
import { forward, listener, loopback, route, rule, share, virtualHost } from '../../test/support/ir-values.ts';
import { shardOf } from '../xds/resources/shards.ts';
import { explain } from './explain.ts';
import { parseQuestion, parseRequest } from './explain/request.ts';
import type { Delivery, KnownListener, World } from './explain/world.ts';

/** What can be told of routes without Envoy; test/e2e/explain.test.ts holds the choice itself against a real one. */

const table = 'e2e/gw/80';

function world(hosts: Readonly<Record<string, readonly Route[]>>, more: Partial<World> & { readonly listeners?: () => Iterable<Listener> } = {}): World {
  const virtualHosts = new Map(Object.entries(hosts).map(([domain, routes]): [string, VirtualHost] => [`${table}|${domain}`, virtualHost(table, domain, routes)]));
  const backend = (key: string): Backend => ({ key, owner: key, ownerVersion: '1', protocol: 'http1', tls: undefined, discovery: { type: 'endpoints' } });
  return {
    listeners: () => [{ ...listener(table, 80), boundPort: 8080 }],
    ports: () => [],
    routeTable: (key): RouteTable => ({ key, proxy: 'e2e/gw', port: 80, scheme: 'http', misdirected: [] }),
    streamRoute: () => undefined,
    virtualHost: (key, domain) => virtualHosts.get(`${key}|${domain}`),
    domains: () => Object.keys(hosts),
    isSharded: () => false,
    backend,
    endpoints: (key) => ({ backend: key, endpoints: key === 'empty' ? [] : [loopback(9000)] }),
    gatewayListeners: (proxy) => [known('web', 80, { gateway: proxy, owner: `Gateway/${proxy}` })],
    attached: () => [],
    backendWeights: () => undefined,
    unserved: () => [],
    ...more,
  };
}

function known(name: string, port: number, more: Partial<KnownListener> = {}): KnownListener {
  return { gateway: 'e2e/gw', owner: 'Gateway/e2e/gw', name, port, transport: 'TCP', hostname: '*', chain: 'http', fault: undefined, ...more };
}

function ask(url: string, in_: World, ...headers: readonly string[]) {
  return explain(parseRequest('GET', url, headers), in_);
}

const prefix = (value: string) => ({ path: { type: 'PathPrefix', value } }) as const;
const exact = (value: string) => ({ path: { type: 'Exact', value } }) as const;

describe('what was not chosen', () => {
  const lost = (routes: readonly Route[], url: string, ...headers: string[]) =>
    ask(url, world({ 'a.test': routes }), ...headers).others.map(({ name, fits, why }) => `${name} ${fits ? 'fits' : 'no'}: ${why}`);
  const to = forward(['one']);

  test('a path that does not fit, and everything else that does not', () => {
    const routes = [route('near', to, { ...prefix('/b'), method: 'POST', headers: [{ type: 'Exact', name: 'x', value: '1' }], queryParams: [{ type: 'RegularExpression', name: 'q', value: 'z+' }] })];
    assert.deepEqual(lost(routes, 'http://a.test/a?q=y', 'x: 2'), [
      'near no: path /a is not below /b, method GET is not POST, header x is "2", not "1", query parameter q is "y", which does not fit the expression z+',
    ]);
    assert.deepEqual(lost(routes, 'http://a.test/b'), ['near no: method GET is not POST, header x is missing, query parameter q is missing']);
  });

  const later: [string, Parameters<typeof route>[2], Parameters<typeof route>[2], string][] = [
    ['a prefix after an exact path', exact('/a'), prefix('/a'), 'an exact path goes before a path prefix'],
    ['an expression after an exact path', exact('/a'), { path: { type: 'RegularExpression', value: '/.' } }, 'an exact path goes before an expression'],
    ['a shorter prefix', prefix('/a'), prefix('/'), 'its path prefix is shorter'],
    ['no method', { ...prefix('/a'), method: 'GET' }, prefix('/a'), 'it does not ask for a method'],
    ['fewer headers', { ...prefix('/a'), headers: [{ type: 'Exact', name: 'x', value: '1' }] }, prefix('/a'), 'it asks for fewer headers'],
    ['fewer parameters', { ...prefix('/a'), queryParams: [{ type: 'Exact', name: 'q', value: '1' }] }, prefix('/a'), 'it asks for fewer query parameters'],
    ['the same match', prefix('/a'), prefix('/a'), 'it asks for as much, and its route is younger, its name later, or its rule further down'],
    ['a better match on a wider host', prefix('/a'), exact('/a'), 'the hostname of its route is less specific'],
  ];
  for (const [name, chosen, other, why] of later) {
    test(name, () => assert.deepEqual(lost([route('chosen', to, chosen), route('other', to, other)], 'http://a.test/a?q=1', 'x: 1'), [`other fits: comes later: ${why}`]));
  }

  test('the nearest first, and only so many', () => {
    const routes = [route('far', to, { ...prefix('/x'), method: 'PUT' }), ...Array.from({ length: 30 }, (_, i) => route(`near-${i}`, to, prefix('/y')))];
    const { others, othersOmitted } = ask('http://a.test/a', world({ 'a.test': routes }));
    assert.deepEqual([others[0]?.name, others.length, othersOmitted], ['near-0', 20, 11]);
  });

  test('routes of a less specific host, and routes that their Gateway did not accept', () => {
    const unserved = [{ owner: 'HTTPRoute/x/y', hostnames: ['*.test'], reason: 'not accepted' }, { owner: 'HTTPRoute/x/z', hostnames: ['b.test'], reason: 'not accepted' }];
    const { others } = ask('http://a.test/a', world({ 'a.test': [route('own', to, exact('/'))], '*': [route('wide', to)] }, { unserved: () => unserved }));
    assert.deepEqual(others.map(({ name, why }) => `${name}: ${why}`), ['wide: host * is less specific than a.test, which has the request', 'HTTPRoute/x/y: not accepted', 'own: path /a is not /']);
  });
});

describe('what is told', () => {
  test('where it arrives', () => {
    const explanation = ask('http://a.test/', world({ 'a.test': [route('r', forward(['one']))] }));
    assert.deepEqual(explanation.listener, { gateway: 'e2e/gw', owner: 'Gateway/e2e/gw', name: 'web', address: '127.0.0.1', port: 80, boundPort: 8080, transport: 'TCP', serverNames: undefined, certificates: [] });
    assert.deepEqual(explanation.steps, ['port 80 of Gateway e2e/gw is bound as 8080: connect there']);
  });

  test('a host that nobody has, with those that are like it', () => {
    const hosts = Object.fromEntries(['a.test', 'b.example.com', 'c.example.com'].map((host) => [host, [route('r', forward(['one']))]]));
    assert.equal(ask('http://x.example.com/', world(hosts)).summary, '404: no route has the host x.example.com; there is: b.example.com, c.example.com, a.test.');
  });

  test('shares, a reference that leads nowhere, a backend without endpoints', () => {
    const shares = forward([share('one', 3), share(undefined, 1), share('empty', 4), share('off', 0)]);
    const { summary, answer } = ask('http://a.test/', world({ 'a.test': [route('httproute/x/y/rule/2/match/0', shares)] }));
    assert.equal(summary, [
      'HTTPRoute e2e/route, rule 2 passes it on to 37.5 % one',
      'answers 12.5 % with 500: the backendRef leads nowhere: see the conditions of the route',
      'answers 50 % with 503: the backend has no endpoints that are ready (empty).',
    ].join('; '));
    assert.equal(answer.type, 'forward');
    const alone = ask('http://a.test/', world({ 'a.test': [route('r', forward(['empty']))] }));
    assert.equal(alone.summary, 'HTTPRoute e2e/route answers 503: the backend has no endpoints that are ready (empty).');
  });

  test('a backend with TLS, and one whose TLS cannot be done', () => {
    const tls: BackendTls = { trustBundle: 'ca/System', serverName: { type: 'host' }, subjects: [], parameters: {} };
    const backend = (key: string): Backend => ({ key, owner: key, ownerVersion: '1', protocol: 'auto', tls, discovery: key === 'lost' ? { type: 'none' } : { type: 'dns', hosts: [{ hostname: 'x.test', port: 443 }] } });
    const explained = (key: string) => ask('http://a.test/', world({ 'a.test': [route('r', forward([key]))] }, { backend }));
    const { answer } = explained('one');
    assert.deepEqual(answer.type === 'forward' && answer.backends.map(({ protocol }) => protocol), ['h2 or http1 with TLS']);
    assert.match(explained('lost').summary, /answers 503: the connection cannot be secured/);
  });

  test('a rule that nobody is behind', () => {
    const broken = route('httproute/x/y/rule/2/match/0', rule({ type: 'direct', statusCode: 500, body: '' }));
    const summary = (weights: readonly number[]) => ask('http://a.test/', world({ 'a.test': [broken] }, { backendWeights: (_owner, index) => (index === 2 ? weights : undefined) })).summary;
    assert.equal(summary([]), 'HTTPRoute e2e/route, rule 2 answers 500: the rule has no backendRefs.');
    assert.equal(summary([0, 0]), 'HTTPRoute e2e/route, rule 2 answers 500: the weights of all backendRefs of the rule are 0.');
  });

  test('timeouts, retries and mirrors', () => {
    const action = { timeouts: { request: 10_000, backendRequest: 500 }, retry: { attempts: 2, codes: [503, 504], backoff: 100 } };
    const busy = forward(['one'], action, { mirrors: [{ backend: 'two', numerator: 1, denominator: 8 }, { backend: 'off', numerator: 0, denominator: 100 }] });
    assert.deepEqual(ask('http://a.test/', world({ 'a.test': [route('r', busy)] })).route?.effects, [
      'mirrors 12.5 % to two',
      'gives up after 10 s, retries included',
      'gives up on each try after 500 ms',
      'retries up to 2 times on failed connections and status 503, 504, first after 100 ms',
    ]);
  });

  test('a session', () => {
    const session = { type: 'header', name: 'x-session' } as const;
    const sticky = forward([share('one', 1, { session }), share('off', 0, { session })]);
    const label = 'keeps a client with one server of one, by the header x-session';
    assert.deepEqual(ask('http://a.test/', world({ 'a.test': [route('r', sticky)] })).route?.effects, [label]);
  });

  test('external authorization, of redirects too', () => {
    const externalAuth = { backend: 'auth', check: { type: 'grpc', requestHeaders: undefined }, bodyLimit: 10 } as const;
    const redirect = rule({ type: 'redirect', scheme: undefined, hostname: 'b.test', port: undefined, path: undefined, statusCode: 302 }, { externalAuth });
    const label = 'asks auth by gRPC first, with up to 10 bytes of the body, and goes on if that lets the request pass';
    assert.deepEqual(ask('http://a.test/', world({ 'a.test': [route('r', redirect)] })).route?.effects, [label]);
  });

  test('a rule that is broken', () => {
    const broken = rule({ type: 'direct', statusCode: 500, body: '' });
    assert.match(ask('http://a.test/', world({ 'a.test': [route('r', broken)] })).summary, /answers 500: the rule cannot be served as it is written/);
  });

  test('how far Envoy is with everything that the request needs', () => {
    const states: Readonly<Record<string, Delivery>> = { LDS: { state: 'acked' }, RDS: { state: 'refused', message: 'bad' }, CDS: { state: 'pending' }, EDS: { state: 'acked' } };
    const delivery: World['delivery'] = (_proxy, type) => states[type] ?? { state: 'not connected' };
    const hosts = { 'a.test': [route('r', forward(['one']))] };
    assert.deepEqual(ask('http://a.test/', world(hosts, { delivery })).delivery, [
      { type: 'LDS', name: table, state: 'acked' },
      { type: 'RDS', name: table, state: 'refused', message: 'bad' },
      { type: 'CDS', name: 'one', state: 'pending' },
      { type: 'EDS', name: 'one', state: 'acked' },
    ]);
    const sharded = ask('http://a.test/', world(hosts, { delivery, isSharded: () => true })).delivery.map(({ type, name }) => `${type} ${name}`);
    const shard = `${table}#${shardOf('a.test', 64)}`;
    assert.deepEqual(sharded, [`LDS ${table}`, `SRDS ${shard}`, `RDS ${shard}`, 'CDS one', 'EDS one']);
  });

  test('which of several Gateways on a port is meant', () => {
    const hosts = { 'a.test': [route('r', forward(['one']))] };
    const listeners = () => [listener(table, 80), { ...listener('other/gw/80', 80), proxy: 'other/gw' }];
    const both = world(hosts, { listeners });
    assert.deepEqual(ask('http://a.test/', both).steps.at(-1), 'port 80 is that of other/gw too: name one with --gateway');
    assert.equal(explain(parseRequest('GET', 'http://a.test/', []), both, { gateway: 'other/gw' }).listener?.gateway, 'other/gw');
  });

  test('why nobody listens', () => {
    const ports = () => [{ proxy: 'e2e/gw', port: 81, transport: 'TCP' as const, error: 'port 81 is taken by "nginx" (pid 7)' }];
    const reason = (url: string, in_: World) => ask(url, in_).summary;
    assert.equal(reason('http://a.test:81/', world({}, { ports })), 'No answer: Gateway e2e/gw wants port 81 but does not have it: port 81 is taken by "nginx" (pid 7).');
    assert.equal(reason('http://a.test:82/', world({}, { listeners: () => [] })), 'No answer: no Gateway listens on port 82; there is: none at all.');
  });

  test('a tunnel, which only a match on method CONNECT fits', () => {
    const routes = [route('any', forward(['one'])), route('tunnels', forward(['two']), { method: 'CONNECT' })];
    const { summary, others } = explain(parseRequest('CONNECT', 'http://a.test/', []), world({ '*': routes }));
    assert.match(summary, /two/);
    assert.deepEqual(others.map(({ name, why }) => `${name}: ${why}`), ['any: a CONNECT has no path, and only a match on method CONNECT fits it']);
  });

  test('what Envoy refuses before any route', () => {
    const withMethod = (method: string) => explain(parseRequest(method, 'http://a.test/', []), world({ '*': [route('r', forward(['one']))] })).summary;
    assert.equal(withMethod('FOO'), '400: FOO is not a method that Envoy knows: it refuses the request before any route.');
    assert.match(withMethod('PURGE'), /passes it on/);
    assert.equal(ask('http://a.test/', world({}), 'x_user: 1').summary, '400: header x_user has an underscore, which servers may take for a hyphen: Envoy refuses it.');
  });
});

test('filters of the listener are told, those for other hosts are not', () => {
  const check = { type: 'http', pathPrefix: '', requestHeaders: [], responseHeaders: undefined } as const;
  const requestFilters = [
    { name: 'ns/gw/l/0', hosts: undefined, externalAuth: { backend: 'auth', check, bodyLimit: 0 } },
    { name: 'ns/gw/m/0', hosts: { hostname: '*.test', except: ['b.test'] }, externalAuth: undefined },
    { name: 'ns/gw/n/0', hosts: { hostname: '*', except: ['a.test'] }, externalAuth: undefined },
  ];
  const chain = { name: 'http', serverNames: [], tls: undefined, target: { type: 'routes', table, requestFilters } } as const;
  const { steps, summary } = ask('http://a.test/', world({ 'a.test': [route('r', forward(['one']))] }, { listeners: () => [listener(table, 80, [chain])] }));
  assert.deepEqual(steps.filter((step) => step.startsWith('filter')), [
    'filter ns/gw/l/0 asks auth by HTTP first, and goes on if that lets the request pass',
  ]);
  assert.equal(summary, '500: filter ns/gw/m/0 of the listener has nobody to ask: see the conditions of the listener.');
});

describe('gRPC', () => {
  const grpc = (backends: readonly (string | undefined)[]) => ({ ...forward(backends.map((backend) => share(backend, 1))), protocol: 'grpc' }) as const;
  const call = { path: { type: 'Exact', value: '/pkg.S/Get' } } as const;

  test('a call is a POST with a content type, which a GRPCRoute asks for', () => {
    const hosts = world({ 'a.test': [route('call', grpc(['one']), call), route('page', forward(['two']))] });
    const explained = explain(parseRequest(undefined, 'grpc://a.test/pkg.S/Get', []), hosts);
    assert.deepEqual([explained.route?.name, explained.route?.match], ['call', 'gRPC method pkg.S/Get']);
    assert.deepEqual(explained.others.map(({ name, why }) => `${name}: ${why}`), ['page: comes later: gRPC requests ask the GRPCRoutes of a host first']);
    assert.deepEqual(ask('http://a.test/pkg.S/Get', hosts).others.map(({ why }) => why), ['the request is not gRPC: it has no content-type, not application/grpc']);
  });

  test('what Envoy answers by itself is a status of gRPC', () => {
    const call404 = explain(parseRequest(undefined, 'grpc://a.test/x/y', []), world({ 'a.test': [route('call', grpc(['one']), call)] }));
    assert.equal(call404.summary, 'gRPC status 12 UNIMPLEMENTED: no route of host a.test fits the request.');
    assert.deepEqual(call404.answer, { type: 'local', status: 200, reason: 'no route of host a.test fits the request', headers: [{ name: 'grpc-status', value: '12' }], grpcStatus: '12 UNIMPLEMENTED' });
    const half = explain(parseRequest(undefined, 'grpc://a.test/pkg.S/Get', []), world({ 'a.test': [route('call', grpc(['one', undefined]), call)] }));
    assert.match(half.summary, /answers 50 % with gRPC status 14 UNAVAILABLE: the backendRef leads nowhere/);
  });
});

describe('connections', () => {
  const stream: StreamRoute = { key: 's', proxy: 'e2e/gw', transport: 'TCP', owner: 'TCPRoute/ns/r', ownerVersion: '1', backends: [{ backend: 'one', weight: 3 }, { backend: undefined, weight: 1 }] };
  const chain = (name: string, serverNames: readonly string[], taken = true): FilterChain => ({ name, serverNames, tls: serverNames.length === 0 ? undefined : 'passthrough', target: taken ? { type: 'stream', route: 's' } : undefined });
  const at = (chains: readonly ReturnType<typeof chain>[], more: Partial<World> = {}) => world({}, { listeners: () => [listener('e2e/gw/80', 80, chains)], streamRoute: () => stream, ...more });
  const summary = (url: string, in_: World) => explain(parseQuestion(undefined, url, []), in_).summary;

  test('go to the backends of the route that has them', () => {
    const explained = explain(parseQuestion(undefined, 'tcp://127.0.0.1:80', []), at([chain('tcp', [])]));
    assert.equal(explained.summary, 'TCPRoute ns/r hands the connection on to 75 % one; 25 % nobody: the backendRef leads nowhere, the connection is closed: see the conditions of the route.');
    assert.deepEqual(explained.answer.type === 'connect' && explained.answer.backends.map(({ endpoints }) => endpoints), [['127.0.0.1:9000'], []]);
  });

  test('go by server name, and one that no route takes is closed', () => {
    const both = at([chain('set|a.test', ['a.test']), chain('set', ['*.test'], false)], { gatewayListeners: () => [known('l', 80, { owner: 'ListenerSet/ns/s', chain: 'set', hostname: '*.test' })] });
    const { listener: part, steps } = explain(parseQuestion(undefined, 'tls://a.test:80', []), both);
    assert.deepEqual([part?.owner, part?.name], ['ListenerSet/ns/s', 'l']);
    assert.equal(steps.at(-1), 'TLS passes through: the server behind shows its certificate');
    assert.equal(summary('tls://b.test:80', both), 'No answer: no route takes server name *.test: the connection is closed.');
    assert.equal(summary('tcp://b.test:80', both), 'No answer: port 80 speaks TLS: tls is needed.');
  });

  test('of a listener that is not served say why', () => {
    const gatewayListeners = () => [known('l', 80, { hostname: 'lost.test', fault: 'Secret ns/x does not exist' })];
    assert.match(summary('tls://lost.test:80', at([chain('a', ['a.test'])], { gatewayListeners })), /^No answer: TLS fails: listener "l" of Gateway e2e\/gw, which lost\.test belongs to, is not served \(Secret ns\/x does not exist\)/);
  });

  test('are told of other routes for the same', () => {
    const attached = () => [{ owner: 'TCPRoute/ns/r', hostnames: ['*'] }, { owner: 'TCPRoute/ns/younger', hostnames: ['*'] }];
    const unserved = () => [{ owner: 'TCPRoute/ns/out', hostnames: ['*'], reason: 'not accepted' }];
    const { others } = explain(parseQuestion(undefined, 'tcp://127.0.0.1:80', []), at([chain('tcp', [])], { attached, unserved }));
    assert.deepEqual(others.map(({ name, fits }) => `${name} ${fits}`), ['TCPRoute/ns/younger true', 'TCPRoute/ns/out false']);
  });

  const senseless: readonly [string | undefined, string, readonly string[], RegExp][] = [
    ['GET', 'tcp://a.test:80', [], /has no method/],
    [undefined, 'tcp://a.test', [], /names no port/],
    [undefined, 'udp://a.test:53/x', [], /has no path/],
  ];
  for (const [method, url, headers, message] of senseless) test(`${method ?? ''} ${url} makes no sense`, () => assert.throws(() => parseQuestion(method, url, headers), message));
});

describe('requests to a pool', () => {
  const asked = (failureMode: 'open' | 'closed', service: string | undefined) => {
    const picker = { pool: 'ns/llama', failureMode, service: service === undefined ? undefined : { backend: service, dialect: 'standard' as const } };
    const pool = 'inferencepool/ns/llama';
    const told = ask('http://a.test/', world({ 'a.test': [route('r', forward([share(pool, 1, { picker })]))] }, { backend: (key) => ({ key, owner: key, ownerVersion: '1', protocol: 'http1', picker, tls: undefined, discovery: { type: 'endpoints' } }) }));
    assert.ok(told.answer.type === 'forward');
    return { steps: told.route?.effects ?? [], failure: told.answer.backends[0]?.failure, endpoints: told.answer.backends[0]?.endpoints };
  };

  test('go where its picker says', () => {
    const { steps, failure, endpoints } = asked('closed', 'service/ns/epp/9002/picker');
    assert.ok(steps.includes('the endpoint picker service/ns/epp/9002/picker chooses the server of inferencepool/ns/llama; without it no server gets it'), steps.join('\n'));
    assert.ok(steps.includes("retries up to 2 times on failed connections, at the next server of the picker's list"), steps.join('\n'));
    assert.deepEqual([failure, endpoints], [undefined, ['127.0.0.1:9000']]);
  });

  test('without a picker are answered with 503, or by any server', () => {
    assert.deepEqual(asked('closed', undefined).failure, { status: 503, reason: 'nobody picks a server: see the conditions of the InferencePool' });
    const { steps, failure } = asked('open', undefined);
    assert.deepEqual([steps.includes('there is no endpoint picker for inferencepool/ns/llama: any server may get it'), failure], [true, undefined]);
  });
});
