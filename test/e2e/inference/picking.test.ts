import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { ask, seenBy, upgrade, type Ask } from '../support/client.ts';
import { startEchoBackend, type EchoBackend } from '../support/echo-backend.ts';
import { startPicker, type Pick, type PickerCall, type TestPicker } from '../support/endpoint-picker.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startSilentServer } from '../support/silent-server.ts';
import { until } from '../envoy.ts';
import type { Endpoint } from '../../../src/ir/backend.ts';
import type { EndpointPicker, PickerService } from '../../../src/ir/endpoint-picker.ts';
import type { WeightedBackend } from '../../../src/ir/route.ts';
import { forward, listener, route, share } from '../../support/ir-values.ts';

/** A real Envoy that asks endpoint pickers, in both dialects. */

type Dialect = PickerService['dialect'];
type Mode = EndpointPicker['failureMode'];

const table = 'e2e/gw/80';
const dialects = ['own', 'standard'] as const;
const modes = ['open', 'closed'] as const;

let gateway: TestGateway;
let servers: EchoBackend[];
let port: number;
/** Refuses connections. */
const dead: Endpoint = { address: { type: 'ip', ip: '127.9.9.9', port: 1 }, zone: '', draining: false };
const pickers = new Map<Dialect, TestPicker>();
let decide: (call: PickerCall) => Pick;

before(async () => {
  [gateway, ...servers] = await Promise.all([startTestGateway(), ...['a', 'b', 'c'].map((name) => startEchoBackend(name))]);
  for (const dialect of dialects) {
    const picker = await startPicker(dialect, (call) => decide(call));
    pickers.set(dialect, picker);
    await gateway.backend({ key: `${dialect}-picker`, protocol: 'h2c', picks: dialect }, [picker.port]);
    await gateway.backend({ key: `${dialect}-picker-away`, protocol: 'h2c', picks: dialect }, [dead]);
  }
  for (const failureMode of modes) {
    await gateway.backend({ key: `pool-${failureMode}`, picker: { pool: 'ns/pool', failureMode, service: undefined } }, [...servers.map((server) => server.port), dead]);
  }
  await gateway.backend({ key: 'service' }, [servers[2]?.port ?? 0]);
  await gateway.table({ key: table, proxy: 'e2e/gw', port: 80, scheme: 'http', misdirected: [] });
  port = await gateway.listen(listener(table, 80));
});

after(async () => {
  await gateway.close();
  for (const one of [...servers, ...pickers.values()]) await one.close();
});

function pool(dialect: Dialect, failureMode: Mode, { weight = 1, picker = `${dialect}-picker` } = {}): WeightedBackend {
  return share(`pool-${failureMode}`, weight, { picker: { pool: 'ns/pool', failureMode, service: { backend: picker, dialect } } });
}

let count = 0;

/** A host whose requests go to some backends. */
async function hostFor(...backends: readonly WeightedBackend[]): Promise<string> {
  const host = `picked-${count++}.test`;
  await gateway.hosts(table, { [host]: [route('r', forward(backends))] });
  return host;
}

const address = (at: number): string => `127.0.0.1:${at}`;
const addressOf = (name: string): string => address(servers.find((server) => server.name === name)?.port ?? 0);

function pick(...endpoints: readonly string[]): void {
  decide = () => ({ endpoints });
}

function post(bytes: number): Ask {
  return { method: 'POST', body: 'x'.repeat(bytes), headers: { 'content-length': String(bytes) } };
}

/** What the picker heard of the request that is made meanwhile, once it has heard all. */
async function heard(dialect: Dialect, request: () => Promise<unknown>): Promise<PickerCall> {
  const calls = pickers.get(dialect)?.calls ?? [];
  const earlier = calls.length;
  await request();
  await until('the call has ended', () => calls[earlier]?.ended === true);
  const call = calls[earlier];
  assert.ok(call !== undefined);
  return call;
}

for (const dialect of dialects) {
  describe(`a picker of dialect ${dialect}`, () => {
    test('says which server gets a request, with a body of any length or none', async () => {
      const host = await hostFor(pool(dialect, 'closed'));
      for (const name of ['a', 'b', 'c']) {
        pick(addressOf(name));
        for (const [asking, length] of [[{}, 0], [post(5), 5], [post(100_000), 100_000], [post(1_500_000), 1_500_000]] as const) {
          const { backend, bodyLength } = seenBy(await ask(port, { host, ...asking }));
          assert.deepEqual([backend, bodyLength], [name, length]);
        }
      }
    });

    test('sees the request as the client sent it', async () => {
      const host = await hostFor(pool(dialect, 'closed'));
      pick(addressOf('a'));
      const { headers, bodyChunks } = await heard(dialect, () => ask(port, { host, path: '/v1/completions', ...post(200_000) }));
      assert.deepEqual([headers[':path'], headers[':method'], bodyChunks.reduce((sum, length) => sum + length, 0)], ['/v1/completions', 'POST', 200_000]);
    });

    test('answers in place of the servers', async () => {
      const host = await hostFor(pool(dialect, 'open'));
      decide = () => ({ status: 429 });
      for (const asking of [{}, post(100_000)]) assert.equal((await ask(port, { host, ...asking })).status, 429);
    });

    for (const mode of modes) {
      test(`the list is gone down, failing ${mode}: the first refuses connections, and the next gets the request with all its body`, async () => {
        const host = await hostFor(pool(dialect, mode));
        pick('127.9.9.9:1', addressOf('b'));
        for (const bytes of [0, 5, 1_500_000]) {
          const { backend, bodyLength } = seenBy(await ask(port, { host, ...(bytes === 0 ? {} : post(bytes)) }));
          assert.deepEqual([backend, bodyLength], ['b', bytes]);
        }
      });

      test(`a client does not choose, failing ${mode}`, async () => {
        pick();
        const seen = new Set<string | number>();
        for (const picker of [`${dialect}-picker`, `${dialect}-picker-away`]) {
          const host = await hostFor(pool(dialect, mode, { picker }));
          for (let i = 0; i < 12; i++) {
            const reply = await ask(port, { host, headers: { 'x-gateway-destination-endpoint': addressOf('c') } });
            seen.add(reply.status === 200 ? seenBy(reply).backend : reply.status);
          }
        }
        if (mode === 'closed') assert.ok([...seen].every((one) => one === 503 || one === 500), [...seen].join());
        else assert.ok(seen.size === 3, `all servers get some: ${[...seen].join()}`);
      });
    }

    test('a server that is not of the pool is not gone to', async () => {
      pick(address(pickers.get('own')?.port ?? 0));
      assert.equal((await ask(port, { host: await hostFor(pool(dialect, 'closed')) })).status, 503);
      assert.equal((await ask(port, { host: await hostFor(pool(dialect, 'open')) })).status, 200);
    });

    test('is asked about its own share of a rule', async () => {
      const host = await hostFor(pool(dialect, 'closed', { weight: 70 }), share('service', 30));
      pick(addressOf('a'));
      const { calls } = pickers.get(dialect) ?? { calls: [] };
      const earlier = calls.length;
      const counts = { a: 0, b: 0, c: 0 };
      for (let i = 0; i < 400; i++) counts[seenBy(await ask(port, { host })).backend as 'a']++;
      // Five standard deviations of the binomial distribution.
      assert.ok(Math.abs(counts.a - 280) <= 5 * Math.sqrt(400 * 0.7 * 0.3), JSON.stringify(counts));
      assert.deepEqual([counts.b, calls.length - earlier], [0, counts.a]);
    });

    test('failing open, a picker that is not there costs no request, with a body or without', async () => {
      const host = await hostFor(pool(dialect, 'open', { picker: `${dialect}-picker-away` }));
      // The proxy has to have found out that it is not there, where bodies pass through it.
      if (dialect === 'standard') await until('it is given up', async () => (await ask(port, { host, ...post(5) })).status === 200);
      for (let i = 0; i < 10; i++) {
        for (const bytes of [0, 5, 60_000, 300_000, 1_500_000]) {
          assert.equal(seenBy(await ask(port, { host, ...(bytes === 0 ? {} : post(bytes)) })).bodyLength, bytes);
        }
      }
    });

    test('failing closed, it costs no time', async () => {
      const host = await hostFor(pool(dialect, 'closed', { picker: `${dialect}-picker-away` }));
      for (const asking of [{}, post(1_500_000)]) {
        const start = performance.now();
        const { status } = await ask(port, { host, ...asking });
        assert.ok(status === (dialect === 'own' ? 503 : 500), `${status}`);
        assert.ok(performance.now() - start < 400, 'at once');
      }
    });
  });
}

describe('the standard dialect', () => {
  test('tells the picker who answered, after a retry too', async () => {
    const host = await hostFor(pool('standard', 'closed'));
    pick(addressOf('a'), addressOf('b'));
    const first = await heard('standard', () => ask(port, { host, ...post(5) }));
    assert.deepEqual(first.served['envoy.lb'], { 'x-gateway-destination-endpoint': `${addressOf('a')},${addressOf('b')}`, 'x-gateway-destination-endpoint-served': addressOf('a') });
    pick('127.9.9.9:1', addressOf('b'));
    const second = await heard('standard', () => ask(port, { host, ...post(5) }));
    assert.deepEqual((second.served['envoy.lb'] as { readonly 'x-gateway-destination-endpoint-served': string })['x-gateway-destination-endpoint-served'], addressOf('b'));
  });
});

describe('our own dialect', () => {
  test('names the pool, and keeps the length of the body', async () => {
    const host = await hostFor(pool('own', 'closed'));
    pick(addressOf('a'));
    let length: string | undefined;
    const call = await heard('own', async () => (length = seenBy(await ask(port, { host, ...post(100_000) })).headers['content-length'] as string));
    assert.deepEqual([call.metadata['x-moongate-inference-pool'], length], ['ns/pool', '100000']);
  });

  test('keeps the call open until the answer has ended, and shows its headers alone', async () => {
    const host = await hostFor(pool('own', 'closed'));
    pick(addressOf('a'));
    const calls = pickers.get('own')?.calls ?? [];
    const earlier = calls.length;
    const answer = ask(port, { host, path: '/?delay=300', ...post(5) });
    await until('the server has the request', () => servers[0]?.seen.at(-1)?.path === '/?delay=300');
    assert.equal(calls[earlier]?.ended, false);
    await answer;
    await until('the call has ended', () => calls[earlier]?.ended === true);
    assert.deepEqual([...new Set(calls[earlier]?.messages)], ['requestHeaders', 'requestBody', 'responseHeaders']);
  });

  for (const [mode, status] of [['open', 200], ['closed', 503]] as const) {
    test(`a picker that hangs is waited for half a second, failing ${mode}`, async () => {
      const host = await hostFor(pool('own', mode));
      decide = () => 'hang';
      const start = performance.now();
      const reply = await ask(port, { host, ...post(100_000) });
      assert.equal(reply.status, status);
      assert.ok(performance.now() - start < 2_000);
      if (status === 200) assert.equal(seenBy(reply).bodyLength, 100_000);
    });
  }

  test('a picker that is killed under way costs no request and cuts no answer', async () => {
    const picker = await startPicker('own', () => ({ endpoints: [addressOf('a')] }));
    await gateway.backend({ key: 'mortal', protocol: 'h2c', picks: 'own' }, [picker.port]);
    const host = await hostFor(pool('own', 'open', { picker: 'mortal' }));
    const sizes = [0, 5, 60_000, 300_000];
    const asked: Promise<readonly [wanted: number, got: number]>[] = [];
    for (let i = 0; i < 120; i++) {
      const bytes = sizes[i % sizes.length] ?? 0;
      asked.push(ask(port, { host, path: '/?delay=50', ...(bytes === 0 ? {} : post(bytes)) }).then((reply) => [bytes, seenBy(reply).bodyLength] as const));
      if (i === 60) await until('some are being answered', () => picker.calls.filter(({ ended }) => !ended).length > 10);
      if (i === 60) await picker.close();
    }
    for (const [wanted, got] of await Promise.all(asked)) assert.equal(got, wanted);
  });

  test('a body that is too long is refused', async () => {
    const host = await hostFor(pool('own', 'open'));
    pick(addressOf('a'));
    assert.equal((await ask(port, { host, ...post(33 * 1024 * 1024) })).status, 413);
  });

  test('a WebSocket has no body that is waited for', async () => {
    const host = await hostFor(pool('own', 'closed'));
    pick(addressOf('b'));
    const socket = await upgrade(port, host);
    socket.write('over and out');
    const [echo] = (await once(socket, 'data')) as [Buffer];
    assert.equal(echo.toString(), 'over and out');
    assert.equal(servers[1]?.upgrades.length, 1);
    socket.destroy();
  });

  test('a server that never answers a connection holds nobody up for long', async () => {
    const silent = await startSilentServer();
    await gateway.backend({ key: 'pool-silent', picker: { pool: 'ns/pool', failureMode: 'closed', service: undefined } }, [silent.port, servers[1]?.port ?? 0]);
    const picker = { pool: 'ns/pool', failureMode: 'closed', service: { backend: 'own-picker', dialect: 'own' } } as const;
    const host = await hostFor(share('pool-silent', 1, { picker }));
    pick(address(silent.port), addressOf('b'));
    try {
      const start = performance.now();
      assert.deepEqual([seenBy(await ask(port, { host, ...post(100_000) })).backend, performance.now() - start < 5_000], ['b', true]);
    } finally {
      silent.close();
    }
  });
});
