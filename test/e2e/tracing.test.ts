import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Tracing } from '../../src/ir/tracing.ts';
import { requestProperties } from '../../src/ir/tracing.ts';
import { ask, type Ask } from './support/client.ts';
import { startEchoBackend, type EchoBackend } from './support/echo-backend.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { eventually } from './support/moongate.ts';
import { startGrpcCollector, startHttpCollector, type OtlpCollector, type Span } from './support/otlp-collector.ts';
import { forward, listener, route } from '../support/ir-values.ts';

/** Spans of a real Envoy, at a collector. */

let gateway: TestGateway;
let app: EchoBackend;
let collectors: Readonly<Record<'grpc' | 'http', OtlpCollector>>;
let count = 0;

before(async () => {
  [gateway, app] = await Promise.all([startTestGateway(), startEchoBackend('app')]);
  collectors = { grpc: await startGrpcCollector(), http: await startHttpCollector() };
  await gateway.backend({ key: 'app' }, [app.port]);
  await gateway.backend({ key: 'grpc', protocol: 'h2c' }, [collectors.grpc.port]);
  await gateway.backend({ key: 'http' }, [collectors.http.port]);
});

beforeEach(() => {
  for (const { spans } of Object.values(collectors)) spans.length = 0;
});

after(async () => {
  await gateway.close();
  await Promise.all([app, ...Object.values(collectors)].map((server) => server.close()));
});

const plain: Tracing = { backend: 'grpc', protocol: 'grpc', headers: [], serviceName: 'web.default', spanName: undefined, sampling: 1_000_000, followsParent: true, attributes: [] };

/** Opens a listener that reports its requests, and gives its port. */
async function listen(tracing: Partial<Tracing>): Promise<number> {
  const key = `e2e/tracing/${count++}`;
  await gateway.table({ key, proxy: 'e2e/gw', port: 80, scheme: 'http', misdirected: [] });
  await gateway.hosts(key, { 'a.test': [route('app', forward(['app']), {})] });
  return gateway.listen(listener(key, 80, [{ name: 'http', serverNames: [], tls: undefined, target: { type: 'routes', table: key, tracing: { ...plain, ...tracing } } }]));
}

/** The spans of requests with these user agents, once those of the last one have come: what came before it has come then too, or never will. */
async function spansOf(collector: OtlpCollector, port: number, asked: readonly Ask[]): Promise<(readonly Span[])[]> {
  const all = [...asked, {}].map((asking, i) => ({ ...asking, headers: { ...asking.headers, 'user-agent': `request ${i}` } }));
  for (const asking of all) assert.equal((await ask(port, asking)).status, 200);
  const traces = (i: number): readonly Span[] => {
    const server = collector.spans.filter(({ attributes }) => attributes['user_agent'] === `request ${i}`);
    return [...server, ...collector.spans.filter(({ parentId }) => server.some(({ spanId }) => spanId === parentId))];
  };
  await eventually('the last spans come', () => traces(asked.length).length === 2);
  return asked.map((_, i) => traces(i));
}

for (const protocol of ['grpc', 'http'] as const) {
  describe(`a collector by ${protocol}`, () => {
    test('gets a span of what the client asked, and one below it of what the backend was asked', async () => {
      const port = await listen({ backend: protocol, protocol, spanName: 'ask the app', headers: [{ name: 'X-Key', value: '100%REQ(x)%' }] });
      const [spans = []] = await spansOf(collectors[protocol], port, [{ path: '/x' }]);
      const [server, client] = spans;
      assert.deepEqual(spans.map(({ kind, service }) => [kind, service]), [[2, 'web.default'], [3, 'web.default']]);
      assert.deepEqual([server?.name, server?.parentId, server?.headers['x-key']], ['ask the app', '', '100%REQ(x)%']);
      assert.equal(client?.traceId, server?.traceId);
      assert.equal(app.seen.at(-2)?.headers['traceparent'], `00-${server?.traceId}-${client?.spanId}-01`);
    });
  });
}

test('spans say what they are told to say', async () => {
  const property = (name: (typeof requestProperties)[number]) => ({ name: `is.${name}`, source: { type: 'property', property: name } }) as const;
  const header = (of: 'any' | 'request' | 'response', name: string) => ({ name: `${of}.${name}`, source: { type: 'header', of, name } }) as const;
  const port = await listen({
    attributes: [
      ...requestProperties.map(property),
      { name: 'literal', source: { type: 'literal', value: '100%' } },
      header('any', 'X-Test'), header('any', 'X-Backend'), header('any', 'X-None%REQ'), header('request', 'x-test'), header('response', 'x-test'), header('response', 'x-backend'),
    ],
  });
  const [spans = []] = await spansOf(collectors.grpc, port, [{ path: '/x/y?q=1&r=%20', headers: { 'x-test': 'hello' } }]);
  for (const { attributes, kind } of spans) {
    const { 'is.client.port': clientPort, 'is.network.peer.port': peerPort, ...said } = Object.fromEntries(Object.entries(attributes).filter(([name]) => /^(is|literal|any|request|response)(\.|$)/.test(name)));
    assert.deepEqual(said, {
      'is.client.address': '127.0.0.1',
      'is.http.request.method': 'GET',
      'is.http.request.method_original': 'GET',
      'is.http.response.status_code': 200,
      'is.network.peer.address': '127.0.0.1',
      'is.network.protocol.name': 'http',
      'is.network.transport': 'tcp',
      'is.server.address': '127.0.0.1',
      'is.server.port': 80,
      'is.url.full': 'http://a.test/x/y?q=1&r=%20',
      'is.url.path': '/x/y',
      'is.url.query': 'q=1&r=%20',
      'is.url.scheme': 'http',
      'is.user_agent.original': 'request 0',
      literal: '100%',
      'any.X-Test': 'hello',
      'any.X-Backend': 'app',
      'request.x-test': 'hello',
      'response.x-backend': 'app',
    }, `kind ${kind}`);
    assert.deepEqual([typeof clientPort, clientPort], ['number', peerPort]);
  }
});

describe('of the traces that come with requests', () => {
  const id = 'a'.repeat(32);
  const sampled = { headers: { traceparent: `00-${id}-${'b'.repeat(16)}-01` } };
  const unsampled = { headers: { traceparent: `00-${id}-${'b'.repeat(16)}-00` } };
  /** How many spans each request has. */
  const counts = async (tracing: Partial<Tracing>) => (await spansOf(collectors.grpc, await listen(tracing), [sampled, unsampled])).map((spans) => spans.length);

  test('those that are reported elsewhere are reported, and others are not', async () => {
    assert.deepEqual(await counts({}), [2, 0]);
  });

  test('all are like new ones where nobody follows the parent', async () => {
    assert.deepEqual(await counts({ followsParent: false }), [2, 2]);
  });

  test('none is begun with a share of 0, whatever the client wants', async () => {
    const port = await listen({ sampling: 0 });
    const forcing = { headers: { 'x-client-trace-id': 'me', 'x-envoy-force-trace': 'true' } };
    for (const asking of [forcing, {}, unsampled]) assert.equal((await ask(port, asking)).status, 200);
    assert.equal((await ask(port, sampled)).status, 200);
    await eventually('the one that is reported elsewhere comes', () => collectors.grpc.spans.length === 2);
    assert.deepEqual(new Set(collectors.grpc.spans.map(({ traceId }) => traceId)), new Set([id]));
  });
});
