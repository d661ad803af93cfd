import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { explain } from '../../src/admin/explain.ts';
import type { BackendPart, Explanation } from '../../src/admin/explain/explanation.ts';
import { METHODS } from '../../src/admin/explain/method.ts';
import { parseRequest } from '../../src/admin/explain/request.ts';
import { decode } from '../../src/api/decode.ts';
import type { KindName } from '../../src/api/kinds.ts';
import type { ControlPlane } from '../../src/app/control-plane.ts';
import { worldOf } from '../../src/app/explain-world.ts';
import { translateOffline } from '../../src/app/offline.ts';
import { fileSettings } from '../../src/app/settings.ts';
import { silentLog } from '../../src/util/log.ts';
import { AdsServer } from '../../src/xds/server/ads-server.ts';
import { ResourceStore } from '../../src/xds/server/resources.ts';
import { freePort, startEnvoy, until, type Envoy } from './envoy.ts';
import { selfSigned } from './support/certificate.ts';
import { ask, askTls, type Reply } from './support/client.ts';
import { startEchoBackend, type EchoBackend, type Seen } from './support/echo-backend.ts';

/** What `explain` says, held against what a real Envoy does with the same resources. */

let directory: string;
let ads: AdsServer;
let envoy: Envoy;
let plane: ControlPlane;
let backends: readonly EchoBackend[];
let http: number;
let https: number;

before(async () => {
  [http, https, ...backends] = await Promise.all([freePort(), freePort(), startEchoBackend('one'), startEchoBackend('two')]);
  directory = await mkdtemp(join(tmpdir(), 'moongate-explain-'));
  const changes = objects().map((object) => {
    const { resource, problems } = decode(object, { file: 'test.yaml', line: 1 });
    if (resource === undefined) throw new Error(JSON.stringify(problems));
    return { kind: resource.kind as KindName, key: resource.key, resource };
  });
  plane = translateOffline(changes, { settings: fileSettings() });
  const store = new ResourceStore();
  for (const { proxy, type, resource } of plane.xds.values()) store.set(proxy, type, resource);
  store.commit();
  ads = new AdsServer({ store, log: silentLog });
  await ads.listenOnSocket(join(directory, 'xds.sock'));
  ads.open();
  envoy = startEnvoy(directory, join(directory, 'xds.sock'), 'default/gw');
  await until('Envoy serves', async () => (await ask(http, { host: 'www.example.com', path: '/ready' })).headers['x-rule'] === 'paths/0');
  await until('Envoy serves TLS', async () => (await askTls(https, { serverName: 'secure.test', host: 'secure.test' })).status === 200);
});

after(async () => {
  await ads.close();
  await envoy.stop();
  await Promise.all(backends.map((backend) => backend.close()));
  await rm(directory, { recursive: true, force: true });
});

type Rule = Readonly<Record<string, unknown>>;

/** A route whose rules say who they are in a response header. */
function route(name: string, hostnames: readonly string[], rules: readonly Rule[], parent: object = { sectionName: 'http' }): object {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name },
    spec: {
      parentRefs: [{ name: 'gw', ...parent }],
      ...(hostnames.length > 0 && { hostnames }),
      rules: rules.map((rule, i) => {
        const { filters = [], ...rest } = rule as { filters?: readonly object[] };
        const label = { type: 'ResponseHeaderModifier', responseHeaderModifier: { set: [{ name: 'x-rule', value: `${name}/${i}` }] } };
        const redirects = filters.some((filter) => 'requestRedirect' in filter);
        return { ...(!redirects && { backendRefs: [{ name: 'one', port: 80 }] }), ...rest, filters: [label, ...filters] };
      }),
    },
  };
}

const prefix = (value: string) => ({ path: { type: 'PathPrefix', value } });
const exact = (value: string) => ({ path: { type: 'Exact', value } });
const regex = (value: string) => ({ path: { type: 'RegularExpression', value } });
const redirect = (requestRedirect: object) => ({ type: 'RequestRedirect', requestRedirect });
const rewrite = (urlRewrite: object) => ({ type: 'URLRewrite', urlRewrite });
const request = (requestHeaderModifier: object) => ({ type: 'RequestHeaderModifier', requestHeaderModifier });

function service(name: string, port: number | undefined): object[] {
  return [
    { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports: [{ port: 80 }] } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ port: port ?? 1 }],
      endpoints: port === undefined ? [] : [{ addresses: ['127.0.0.1'] }],
    },
  ];
}

function secret(name: string): object {
  const { chain, privateKey } = selfSigned(name);
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, type: 'kubernetes.io/tls', stringData: { 'tls.crt': chain, 'tls.key': privateKey } };
}

function objects(): object[] {
  const [one, two] = backends;
  const controllerName = 'gateway.envoyproxy.io/gatewayclass-controller';
  const tls = (name: string) => ({ tls: { certificateRefs: [{ name }] } });
  const listeners = [
    { name: 'http', protocol: 'HTTP', port: http },
    { name: 'isolated', protocol: 'HTTP', port: http, hostname: '*.isolated.test' },
    { name: 'secure', protocol: 'HTTPS', port: https, hostname: 'secure.test', ...tls('secure.test') },
    { name: 'wild', protocol: 'HTTPS', port: https, hostname: '*.wild.test', ...tls('wild.test') },
  ];
  return [
    { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass', metadata: { name: 'gc' }, spec: { controllerName } },
    { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: { name: 'gw' }, spec: { gatewayClassName: 'gc', listeners } },
    ...service('one', one?.port),
    ...service('two', two?.port),
    ...service('empty', undefined),
    secret('secure.test'),
    secret('wild.test'),
    route('paths', ['www.example.com'], [
      { matches: [exact('/ready'), exact('/a')] },
      { matches: [prefix('/a')] },
      { matches: [prefix('/a/b/')] },
      { matches: [regex('/a/[0-9]+'), regex('/[^/]*\\.txt')] },
      { matches: [{ ...prefix('/a'), method: 'POST' }] },
      { matches: [{ ...prefix('/a'), headers: [{ name: 'X-One', value: '1' }] }, { ...prefix('/'), headers: [{ name: 'x-one', type: 'RegularExpression', value: '[a-c]+' }, { name: 'x-two', value: 'two' }] }] },
      { matches: [{ ...prefix('/'), queryParams: [{ name: 'q', value: '1' }] }, { ...prefix('/'), queryParams: [{ name: 'q', type: 'RegularExpression', value: 'x.*' }] }] },
      { matches: [{ ...exact('/a'), method: 'DELETE' }] },
      { matches: [{ ...prefix('/proto'), headers: [{ name: 'x-forwarded-proto', value: 'http' }] }] },
    ]),
    route('wider', ['*.example.com', 'www.example.com'], [{ matches: [prefix('/w')] }, { matches: [prefix('/a'), { ...exact('/'), method: 'PUT' }] }]),
    route('hosts', ['www.other.test', '*.other.test', '*.deep.other.test'], [{ matches: [{ ...prefix('/'), headers: [{ name: 'host', type: 'RegularExpression', value: '.*:[0-9]+' }] }] }, { matches: [exact('/a')] }]),
    route('all', [], [{ matches: [prefix('/a')] }, { matches: [prefix('/foo')] }]),
    route('isolated', ['one.isolated.test'], [{ matches: [prefix('/a')] }], { sectionName: 'isolated' }),
    route('changes', ['changes.test'], [
      { matches: [prefix('/a')], filters: [rewrite({ path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/xyz/' } })] },
      { matches: [prefix('/a/b')], filters: [rewrite({ hostname: 'new.test', path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } })] },
      { matches: [prefix('/foo')], filters: [rewrite({ path: { type: 'ReplaceFullPath', replaceFullPath: '/full' } }), request({ set: [{ name: 'X-One', value: 'set' }], add: [{ name: 'x-two', value: 'added' }], remove: ['x-three'] })] },
      { matches: [prefix('/')], filters: [rewrite({ path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/base' } })] },
      { matches: [exact('/w')], filters: [request({ set: [{ name: 'Host', value: 'set.test' }, { name: 'x-two', value: '100%' }] })] },
    ]),
    route('redirects', ['redirects.test', '*.redirects.test'], [
      { matches: [prefix('/a')], filters: [redirect({ scheme: 'https' })] },
      { matches: [prefix('/a/b')], filters: [redirect({ hostname: 'to.test', statusCode: 301 })] },
      { matches: [prefix('/foo')], filters: [redirect({ port: 8443, path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/bar' } })] },
      { matches: [prefix('/w')], filters: [redirect({ scheme: 'http', path: { type: 'ReplaceFullPath', replaceFullPath: '/full' } })] },
      { matches: [prefix('/')], filters: [redirect({ hostname: 'x.test', scheme: 'https', port: 443, path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } })] },
    ]),
    route('shares', ['shares.test'], [
      {
        matches: [prefix('/a')],
        filters: [request({ set: [{ name: 'x-one', value: 'rule' }], add: [{ name: 'x-two', value: 'rule' }] })],
        backendRefs: [
          { name: 'one', port: 80, filters: [request({ set: [{ name: 'x-one', value: 'backend' }], remove: ['x-two', 'x-three'] })] },
          { name: 'two', port: 80, weight: 2, filters: [rewrite({ hostname: 'two.test' })] },
          { name: 'two', port: 80, weight: 0 },
        ],
      },
      { matches: [prefix('/foo')], backendRefs: [{ name: 'missing', port: 80 }, { name: 'one', port: 80 }, { name: 'empty', port: 80 }] },
      { matches: [prefix('/w')], backendRefs: [{ name: 'missing', port: 80 }] },
      { matches: [prefix('/x')], backendRefs: [{ name: 'empty', port: 80 }] },
    ]),
    route('nobody', ['nobody-behind.test'], [
      { matches: [prefix('/none')], backendRefs: [] },
      { matches: [prefix('/zero')], backendRefs: [{ name: 'one', port: 80, weight: 0 }] },
      { matches: [prefix('/broken')], backendRefs: [], filters: [{ type: 'ExtensionRef', extensionRef: { group: 'a.test', kind: 'Unknown', name: 'x' } }] },
    ]),
    route('cors', ['cors.test'], [
      { matches: [prefix('/a')], filters: [{ type: 'CORS', cors: { allowOrigins: ['https://app.test', 'https://*.app.test'], allowMethods: ['PUT'], allowCredentials: true } }] },
      { matches: [prefix('/foo')], filters: [redirect({ hostname: 'to.test' }), { type: 'CORS', cors: { allowOrigins: ['*'] } }] },
    ]),
    route('secure', [], [{ matches: [prefix('/a')] }, { matches: [exact('/')] }, { matches: [prefix('/foo')], filters: [redirect({ port: 8080 })] }], { sectionName: 'secure' }),
    route('wild', ['*.wild.test', 'www.wild.test'], [{ matches: [prefix('/')] }], { sectionName: 'wild' }),
  ];
}

const hosts = fc.constantFrom(
  ...['www.example.com', 'WWW.Example.COM', 'sub.example.com', 'example.com', 'www.other.test', 'x.deep.other.test', 'deep.other.test', 'one.isolated.test', 'two.isolated.test'],
  ...['changes.test', 'redirects.test', 'sub.redirects.test', 'shares.test', 'cors.test', 'nobody.test'],
);
const withPort = fc.constantFrom('', '', '', ':80', ':8080', ':443');
const segments = fc.constantFrom('a', 'a', 'b', '1', '42', 'foo', 'foobar', 'w', 'x', 'proto', 'f.txt', '..', '.', '', '%41', '%61', 'b%2Fc', '..;v', '%C3%A9', 'A', 'a|b', '%zz');
const queries = fc.constantFrom('', '', '?q=1', '?q=2&q=1', '?p=0&q=x1', '?q=%31', '?q', '?Q=1', '?a=/../b');
const known = fc.constantFrom('/', '/a', '/a', '/a/', '/a/b', '/a/b/c', '/a/42', '/a/4x', '/foo', '/foo/bar', '/foobar', '/w', '/w/', '/x', '/f.txt', '/proto/a');
const odd = fc.array(segments, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
const paths = fc.tuple(fc.oneof({ arbitrary: known, weight: 2 }, { arbitrary: odd, weight: 1 }), queries).map(([path, query]) => path + query);
const methods = fc.constantFrom('GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PURGE', 'FOO');
/** Header lines; some only make sense once. */
const headers = fc
  .tuple(
    fc.array(fc.constantFrom('x-one: 1', 'x-one: abc', 'X-One: 2', 'x-two: two', 'x-two: ', 'x-three: 3', 'x-three: 3b'), { maxLength: 4 }),
    fc.option(fc.constantFrom('https://app.test', 'https://sub.app.test', 'https://evil.test').map((origin) => `Origin: ${origin}`), { nil: undefined }),
    fc.constantFrom(undefined, 'Access-Control-Request-Method: PUT'),
    fc.constantFrom(undefined, undefined, undefined, undefined, undefined, 'x_under: 1', 'x-forwarded-proto: https'),
  )
  .map(([lines, ...single]) => [...lines, ...single.filter((line) => line !== undefined)]);

/** Header lines as a client takes them. */
function byName(lines: readonly string[]): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    (found[line.slice(0, colon).toLowerCase()] ??= []).push(line.slice(colon + 1).trim());
  }
  return found;
}

/** `paths/0` of the route that answers, as its x-rule says it. */
function labelOf({ route: found }: Explanation): string | undefined {
  const parts = found === undefined ? null : /^httproute\/default\/([^/]+)\/rule\/(\d+)\//.exec(found.name);
  return parts === null ? undefined : `${parts[1]}/${parts[2]}`;
}

function check(explanation: Explanation, reply: Reply): void {
  const context = `${explanation.summary}\n${JSON.stringify(explanation.request)}\nbut Envoy: ${JSON.stringify(reply)}`;
  const { answer } = explanation;
  switch (answer.type) {
    case 'none':
    case 'connect':
      return assert.fail(context);
    case 'local':
      return checkLocal(explanation, answer, { reply, context });
    case 'forward':
      return checkForward(explanation, answer.backends, { reply, context });
  }
}

interface Observed {
  readonly reply: Reply;
  readonly context: string;
}

function checkLocal(explanation: Explanation, answer: Extract<Explanation['answer'], { type: 'local' }>, { reply, context }: Observed): void {
  assert.equal(reply.status, answer.status, context);
  const preflight = answer.status === 200;
  // A preflight and a rule that is broken are answered before or without the filter that labels answers.
  if (!preflight && explanation.route !== undefined) assert.equal(reply.headers['x-rule'], labelOf(explanation), context);
  // Envoy sends escaped slashes away with the headers of the route that would have answered.
  if (explanation.route === undefined && answer.status !== 307) assert.equal(reply.headers['x-rule'], undefined, context);
  for (const name of ['location', 'access-control-allow-origin', 'access-control-allow-credentials']) {
    const expected = header(answer.headers, name);
    const actual = name === 'location' || preflight ? reply.headers[name] : expected;
    assert.equal(actual, expected, `${name}: ${context}`);
  }
}

function header(all: readonly { readonly name: string; readonly value: string }[], name: string): string | undefined {
  return all.find((each) => each.name === name)?.value;
}

function checkForward(explanation: Explanation, parts: readonly BackendPart[], { reply, context }: Observed): void {
  assert.equal(reply.headers['x-rule'], labelOf(explanation), context);
  if (reply.status !== 200) {
    assert.ok(parts.some(({ failure }) => failure?.status === reply.status), context);
    return;
  }
  const seen = JSON.parse(reply.body) as Seen;
  const part = parts.find(({ backend, failure }) => failure === undefined && backend === `service/default/${seen.backend}/80`);
  assert.ok(part !== undefined, context);
  assert.equal(seen.path, part.path, context);
  assert.equal(seen.headers['host'], part.authority, context);
  assert.ok('headers' in explanation.request);
  const names = new Set([...explanation.request.headers, ...part.headers].map(({ name }) => name));
  for (const name of names) {
    const expected: string[] = part.headers.filter((each) => each.name === name).map(({ value }) => value);
    const actual = seen.headers[name];
    assert.deepEqual(actual === undefined ? [] : String(actual).split(/, ?/), expected, `header ${name}: ${context}`);
  }
}

/** The status that a request gets whose first line need not be one that an HTTP client would send. */
function statusLine(port: number, target: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', (chunk: Buffer) => {
      resolve(Number(/^HTTP\/1\.1 (\d{3}) /.exec(chunk.toString())?.[1]));
      socket.destroy();
    });
    socket.once('error', reject);
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no answer to ${target}`)));
    socket.write(`${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  });
}

describe('explain', () => {
  test('says what Envoy does with random requests over HTTP', async () => {
    await fc.assert(
      fc.asyncProperty(methods, hosts, withPort, paths, headers, async (method, host, port, path, lines) => {
        const authority = `${host}${port}`;
        const explanation = explain(parseRequest(method, `http://127.0.0.1:${http}${path}`, [`Host: ${authority}`, ...lines]), worldOf(plane));
        check(explanation, await ask(http, { method, host: authority, path, headers: byName(lines) }));
      }),
      { numRuns: 1_000 },
    );
  });

  test('says what Envoy does with random requests over TLS', async () => {
    const names = fc.constantFrom('secure.test', 'www.wild.test', 'other.wild.test');
    const others = fc.constantFrom('secure.test', 'www.wild.test', 'nobody.test', 'secure.test:8443');
    await fc.assert(
      fc.asyncProperty(names, fc.option(others, { nil: undefined }), paths, async (serverName, other, path) => {
        const host = other ?? serverName;
        const explanation = explain(parseRequest('GET', `https://${serverName}:${https}${path}`, [`Host: ${host}`]), worldOf(plane));
        check(explanation, await askTls(https, { serverName, host, path }));
      }),
      { numRuns: 200 },
    );
  });

  test('knows the methods that Envoy knows', async () => {
    for (const method of [...METHODS, 'FOO', 'QUERY', 'M-SEARCH', 'FLUSH']) {
      const explanation = explain(parseRequest(method, `http://www.example.com:${http}/a`, []), worldOf(plane));
      const line = await statusLine(http, `${method} /a`, 'www.example.com');
      assert.equal(line, explanation.answer.type === 'local' ? explanation.answer.status : 200, method);
    }
  });

  test('knows that a tunnel is nothing that a route for other methods fits', async () => {
    for (const host of ['www.example.com:80', 'sub.example.com:80', 'stranger.test:80']) {
      const { answer } = explain(parseRequest('CONNECT', `http://127.0.0.1:${http}/`, [`Host: ${host}`]), worldOf(plane));
      assert.deepEqual([answer.type === 'local' && answer.status, await statusLine(http, `CONNECT ${host}`, host)], [404, 404], host);
    }
  });

  test('says why nobody is behind a rule', async () => {
    const cases = [['/none', /: the rule has no backendRefs$/], ['/zero', /: the weights of all backendRefs of the rule are 0$/], ['/broken', /: see the conditions of the route$/]] as const;
    for (const [path, reason] of cases) {
      const { answer } = explain(parseRequest('GET', `http://127.0.0.1:${http}${path}`, ['Host: nobody-behind.test']), worldOf(plane));
      assert.match(answer.type === 'local' ? `: ${answer.reason}` : answer.type, reason);
      assert.equal((await ask(http, { host: 'nobody-behind.test', path })).status, 500);
    }
  });

  test('says that a connection fails', async () => {
    const reasons = (url: string) => {
      const { answer } = explain(parseRequest('GET', url, []), worldOf(plane));
      return answer.type === 'none' ? answer.reason : answer.type;
    };
    await assert.rejects(askTls(https, { serverName: 'stranger.test', host: 'stranger.test' }));
    assert.match(reasons(`https://stranger.test:${https}/`), /^TLS fails: no listener of port \d+ has a hostname for stranger\.test \(there is: secure\.test, \*\.wild\.test\)$/);
    assert.match(reasons(`http://secure.test:${https}/`), /speaks TLS: https is needed/);
    assert.match(reasons(`https://www.example.com:${http}/`), /does not speak TLS: http is needed/);
    assert.match(reasons('http://www.example.com:9/'), /no Gateway listens on port 9; there is: \d+ \(Gateway default\/gw\), \d+ \(Gateway default\/gw\)/);
  });
});
