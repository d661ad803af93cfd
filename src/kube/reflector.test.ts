import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { silentLog } from '../util/log.ts';
import { eventually, Mirror } from './api-server.suite.ts';
import { isExpired } from './kube-error.ts';
import { Reflector } from './reflector.ts';
import type { ReflectorOptions } from './reflector.ts';
import { FakeApiServer, quickTiming, Refusal } from './testing.ts';
import { openWatch } from './watch.ts';
import { SECRETS } from './well-known.ts';

const KIND = 'Secret';

/** A server with `count` secrets and a mirror of them that watches. */
async function watching(context: TestContext, count: number, options: Partial<ReflectorOptions> = {}): Promise<{ server: FakeApiServer; mirror: Mirror; timing: ReturnType<typeof quickTiming> }> {
  const server = await FakeApiServer.start(context);
  for (let i = 0; i < count; i++) put(server, `s${i}`);
  const client = server.client();
  const timing = quickTiming();
  const mirror = new Mirror(context, { client, resource: SECRETS, timing, ...options });
  context.after(() => client.close());
  await mirror.until(() => mirror.reflector.states.get('')?.kind === 'watching', 'the watch');
  return { server, mirror, timing };
}

function put(server: FakeApiServer, name: string, value = '1', namespace = 'default'): void {
  server.put(KIND, { metadata: { name, namespace, labels: { v: value } } });
}

function lists(server: FakeApiServer): number {
  return server.requests.filter(({ method, path, query }) => method === 'GET' && path.endsWith('/secrets') && query['watch'] === undefined && query['continue'] === undefined).length;
}

function watchRequests(server: FakeApiServer): string[] {
  return server.requests.filter(({ query }) => query['watch'] !== undefined).map(({ query }) => query['resourceVersion'] ?? '');
}

describe('reflector', () => {
  test('a large collection is read in pages of 500', async (context) => {
    const { server, mirror } = await watching(context, 1201);
    assert.equal(mirror.objects.size, 1201);
    assert.deepEqual(mirror.batches.map(({ set }) => set.length), [500, 500, 201]);
    assert.equal(lists(server), 1);
  });

  test('a watch that the server ends is resumed where it was, without a list', async (context) => {
    const { server, mirror } = await watching(context, 2);
    put(server, 's2');
    await mirror.until(() => mirror.objects.size === 3, 'the third');
    server.endWatches('cleanly');
    put(server, 's3');
    await mirror.until(() => mirror.objects.size === 4, 'the one that came between two watches');
    assert.equal(lists(server), 1);
    assert.equal(mirror.batches.flatMap(({ set }) => set).length, 4);
  });

  test('a bookmark moves the place where a watch is resumed', async (context) => {
    const { server, mirror } = await watching(context, 1);
    server.put('ConfigMap', { metadata: { name: 'unrelated' } });
    const version = String(server.store.version);
    server.bookmark();
    server.endWatches('cleanly');
    await server.until(() => watchRequests(server).length === 2, 'the second watch');
    assert.equal(watchRequests(server)[1], version);
    assert.equal(mirror.batches.length, 1);
  });

  test('an event that broke off in the middle is read again, and nothing is lost or told twice', async (context) => {
    const { server, mirror } = await watching(context, 1);
    put(server, 's1');
    await mirror.until(() => mirror.objects.size === 2, 'the second');
    server.endWatches('in the middle of an event');
    put(server, 's2');
    await mirror.until(() => mirror.objects.size === 3, 'the third');
    assert.deepEqual(mirror.names(), ['s0', 's1', 's2']);
    assert.equal(mirror.batches.flatMap(({ set }) => set).length, 3);
    assert.equal(lists(server), 1);
  });

  for (const [how, expire] of [
    ['as an ERROR event', (server: FakeApiServer) => server.failWatches(410, 'Expired')],
    ['as the answer to the watch', (server: FakeApiServer) => server.endWatches('cleanly')],
  ] as const) {
    test(`410 ${how} leads to a list, of which only the differences are told`, async (context) => {
      const { server, mirror } = await watching(context, 3);
      server.intercept = ({ query }) => (query['watch'] === undefined ? undefined : new Refusal(503, 'ServiceUnavailable', 'not yet'));
      expire(server);
      await mirror.until(() => mirror.reflector.states.get('')?.kind === 'retrying' || lists(server) === 2, 'the watch to be away');
      server.delete(KIND, 'default/s0');
      put(server, 's1', '2');
      put(server, 's3');
      server.store.compact();
      put(server, 's4');
      server.intercept = () => undefined;
      await mirror.until(() => mirror.names().join() === 's1,s2,s3,s4', 'the new state');
      assert.equal(mirror.labels('v')['default/s1'], '2');
      const told = mirror.batches.slice(1).flatMap(({ set }) => set.map(({ metadata }) => metadata.name));
      assert.deepEqual(told.sort(), ['s1', 's3', 's4']);
      assert.deepEqual(mirror.batches.flatMap(({ deleted }) => deleted), ['default/s0']);
    });
  }

  test('a list whose token expires begins again, and at last does without pages', async (context) => {
    const server = await FakeApiServer.start(context);
    for (let i = 0; i < 600; i++) put(server, `s${i}`);
    server.intercept = ({ query }) => (query['continue'] === undefined ? undefined : new Refusal(410, 'Expired', 'too old'));
    const client = server.client();
    context.after(() => client.close());
    const mirror = new Mirror(context, { client, resource: SECRETS, timing: quickTiming() });
    await mirror.reflector.whenSynced();
    assert.equal(mirror.objects.size, 600);
    assert.equal(mirror.batches.flatMap(({ set }) => set).length, 600);
    assert.equal(server.requests.filter(({ query }) => query['limit'] === undefined && query['watch'] === undefined).length, 1);
  });

  test('while the server is away everything stays known, and it comes back with other content under other numbers', async (context) => {
    const { server, mirror } = await watching(context, 3);
    const backup = server.store.backup();
    for (let i = 3; i < 9; i++) put(server, `s${i}`);
    server.delete(KIND, 'default/s0');
    await mirror.until(() => mirror.objects.size === 8, 'the changes');
    await server.down();
    await mirror.until(() => mirror.reflector.states.get('')?.kind === 'retrying', 'the outage to be noticed');
    assert.equal(mirror.objects.size, 8);
    assert.equal(mirror.reflector.synced, true);
    server.store.restore(backup);
    put(server, 'new');
    await server.up();
    await mirror.until(() => mirror.reflector.states.get('')?.kind === 'watching', 'the server to be back');
    assert.deepEqual(mirror.names(), ['new', 's0', 's1', 's2']);
    put(server, 'newer');
    await mirror.until(() => mirror.objects.size === 5, 'the watch to work');
  });

  test('a number that stands for another state in another history deceives nobody', async (context) => {
    const { server, mirror } = await watching(context, 1);
    const backup = server.store.backup();
    put(server, 's0', '2');
    await mirror.until(() => mirror.labels('v')['default/s0'] === '2', 'the change');
    const version = mirror.objects.get('default/s0')?.metadata.resourceVersion;
    for (let i = 0; i < 5; i++) put(server, 's9', String(i));
    await mirror.until(() => mirror.labels('v')['default/s9'] === '4', 'more of this history');
    await server.down();
    await mirror.until(() => mirror.reflector.states.get('')?.kind === 'retrying', 'the outage to be noticed');
    server.store.restore(backup, Number(version) - 1);
    put(server, 's0', '3');
    await server.up();
    await mirror.until(() => mirror.reflector.states.get('')?.kind === 'watching', 'the server to be back');
    assert.equal(server.get(KIND, 'default/s0').metadata.resourceVersion, version);
    assert.deepEqual(mirror.labels('v'), { 'default/s0': '3' });
  });

  test('a server that is overloaded is left alone for as long as it says', async (context) => {
    const { server, mirror, timing } = await watching(context, 1);
    server.intercept = ({ query }) => (query['watch'] === undefined ? undefined : new Refusal(429, 'TooManyRequests', 'later'));
    server.endWatches('cleanly');
    await mirror.until(() => mirror.reflector.states.get('')?.kind === 'retrying', 'the refusal');
    await server.until(() => watchRequests(server).length >= 5, 'more attempts');
    server.intercept = () => undefined;
    await mirror.until(() => mirror.reflector.states.get('')?.kind === 'watching', 'the end of it');
    const waits = timing.slept.slice(-4);
    assert.deepEqual(waits, waits.toSorted((a, b) => a - b), 'waits grow');
  });

  test('a server that ends each watch at once is asked ever less often', async (context) => {
    const timing = { ...quickTiming(), now: () => 0 };
    const { server } = await watching(context, 1, { timing });
    for (let i = 1; i <= 5; i++) {
      await server.until(() => server.watches() === 1, `watch ${i}`);
      server.endWatches('cleanly');
      await server.until(() => watchRequests(server).length === i + 1, `watch ${i + 1}`);
    }
    assert.deepEqual(timing.slept.slice(0, 5), [100, 200, 400, 800, 1600]);
  });

  test('an object that was deleted and created again between two lists is told', async (context) => {
    const { server, mirror } = await watching(context, 1);
    const uid = mirror.objects.get('default/s0')?.metadata.uid;
    server.intercept = ({ query }) => (query['watch'] === undefined ? undefined : new Refusal(410, 'Expired', 'too old'));
    server.endWatches('cleanly');
    server.delete(KIND, 'default/s0');
    put(server, 's0');
    await mirror.until(() => mirror.objects.get('default/s0')?.metadata.uid !== uid, 'the new object');
    assert.deepEqual(mirror.batches.flatMap(({ deleted }) => deleted), []);
  });

  test('a resource that is missing for a moment only keeps its objects', async (context) => {
    const { server, mirror } = await watching(context, 2);
    let refusals = 0;
    server.intercept = () => (refusals++ < 1 ? new Refusal(404, 'NotFound', 'the server could not find the requested resource') : undefined);
    server.endWatches('cleanly');
    await server.until(() => lists(server) >= 2, 'the list after it');
    await mirror.until(() => mirror.reflector.states.get('')?.kind === 'watching' && server.watches() === 1, 'the watch to be back');
    assert.deepEqual(mirror.batches.flatMap(({ deleted }) => deleted), []);
  });

  test('a resource that is gone takes its objects along, even if nobody told', async (context) => {
    const { server, mirror } = await watching(context, 2);
    server.intercept = () => new Refusal(404, 'NotFound', 'the server could not find the requested resource');
    server.endWatches('cleanly');
    await mirror.until(() => mirror.reflector.states.get('')?.kind === 'absent', 'the end of the resource');
    assert.equal(mirror.objects.size, 0);
  });

  test('a permission that is taken away is reported once, keeps what is known, and works again when it is back', async (context) => {
    const errors: string[] = [];
    const log = { ...silentLog, error: (fields: { reason?: string }, message: string) => void errors.push(`${message}: ${fields.reason}`) };
    const { server, mirror } = await watching(context, 2, { log });
    server.deny(KIND);
    server.endWatches('cleanly');
    await mirror.until(() => mirror.reflector.states.get('')?.kind === 'denied', 'the refusal');
    const before = server.requests.length;
    await server.until(() => server.requests.length >= before + 2, 'two more attempts');
    assert.equal(mirror.objects.size, 2);
    assert.equal(errors.length, 1);
    assert.match(errors[0] ?? '', /not allowed to list and watch Secret objects.*User "fake" cannot (list|watch) resource "secrets"/);
    put(server, 's2');
    server.allow(KIND);
    await mirror.until(() => mirror.objects.size === 3, 'the permission to be back');
  });

  test('a server that denies everything while it starts is no answer', async (context) => {
    const server = await FakeApiServer.start(context);
    put(server, 's0');
    let count = 0;
    server.intercept = () => (count++ === 0 ? new Refusal(403, 'Forbidden', 'roles are not read yet') : undefined);
    const client = server.client();
    context.after(() => client.close());
    const kinds: string[] = [];
    const mirror = new Mirror(context, { client, resource: SECRETS, timing: quickTiming(), onState: (_, { kind }) => void kinds.push(kind) });
    await mirror.reflector.whenSynced();
    assert.deepEqual(mirror.names(), ['s0']);
    assert.deepEqual(kinds.slice(0, 1), ['retrying']);
  });

  test('going from all namespaces to some keeps what is known of those', async (context) => {
    const server = await FakeApiServer.start(context);
    for (const namespace of ['one', 'two', 'three']) put(server, 's', '1', namespace);
    const client = server.client();
    context.after(() => client.close());
    const mirror = new Mirror(context, { client, resource: SECRETS });
    await mirror.reflector.whenSynced();
    mirror.reflector.setNamespaces(['one', 'two']);
    assert.deepEqual([...mirror.objects.keys()].sort(), ['one/s', 'two/s']);
    await mirror.reflector.whenSynced();
    mirror.reflector.setNamespaces('all');
    await mirror.reflector.whenSynced();
    assert.deepEqual([...mirror.objects.keys()].sort(), ['one/s', 'three/s', 'two/s']);
    assert.deepEqual(mirror.batches.map(({ set, deleted }) => [set.length, deleted.length]), [[3, 0], [0, 1], [1, 0]]);
  });

  test('nothing is told after stop', async (context) => {
    const { server, mirror } = await watching(context, 1);
    await mirror.reflector.stop();
    put(server, 's1');
    await server.until(() => server.watches() === 0, 'the watch to end');
    assert.equal(mirror.batches.length, 1);
  });

  test('a consumer that throws hears of everything again', async (context) => {
    const server = await FakeApiServer.start(context);
    put(server, 's0');
    put(server, 's1');
    const client = server.client();
    const told: string[] = [];
    const errors: object[] = [];
    const reflector = new Reflector({
      client,
      resource: SECRETS,
      timing: quickTiming(),
      log: { ...silentLog, error: (fields) => void errors.push(fields) },
      onChange: ({ set, deleted }) => {
        told.push(...set.map(({ metadata }) => `+${metadata.name}`), ...deleted.map((key) => `-${key}`));
        if (errors.length === 0 && deleted.length > 0) throw new Error('boom');
      },
    });
    context.after(async () => {
      await reflector.stop();
      client.close();
    });
    reflector.start();
    await server.until(() => server.watches() === 1, 'the watch');
    server.delete(KIND, 'default/s0');
    await eventually(() => told.length === 5, 'everything to be told again');
    assert.deepEqual(told, ['+s0', '+s1', '-default/s0', '+s1', '-default/s0']);
    assert.equal(errors.length, 1);
  });
});

describe('watch', () => {
  test('a version of before the compaction is refused as expired', async (context) => {
    const server = await FakeApiServer.start(context);
    put(server, 's0');
    const version = String(server.store.version);
    put(server, 's1');
    server.store.compact();
    const client = server.client();
    context.after(() => client.close());
    const { signal } = new AbortController();
    await assert.rejects(openWatch(client, SECRETS, { resourceVersion: version, timeoutSeconds: 60, signal }), isExpired);
  });
});
