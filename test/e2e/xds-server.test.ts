import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, Agent, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { silentLog } from '../../src/util/log.ts';
import { AdsServer } from '../../src/xds/server/ads-server.ts';
import type { Nack, Pushed } from '../../src/xds/server/events.ts';
import { ResourceStore } from '../../src/xds/server/resources.ts';
import { cluster, endpoints, listener, routes, scope, scopedListener } from '../feature/xds-resources.ts';
import { freePort, get, startEnvoy, until, type Answer, type Envoy } from './envoy.ts';

const PROXY = 'e2e';
/** How long (ms) the request loops of one test may take. */
const LOOP_LIMIT = 20_000;

let directory = '';
let socket = '';
let port = 0;
let envoy: Envoy;
let server: AdsServer;
const store = new ResourceStore();
const nacks: Nack[] = [];
const pushed: Pushed[] = [];
const backends = new Map<string, { readonly server: Server; readonly port: number }>();

/** A server that answers with its name. */
async function backend(name: string): Promise<number> {
  const started = createServer((_, response) => response.end(name)).listen(0, '127.0.0.1');
  await once(started, 'listening');
  const address = started.address();
  assert.ok(address !== null && typeof address === 'object');
  backends.set(name, { server: started, port: address.port });
  return address.port;
}

async function startServer(): Promise<void> {
  server = new AdsServer({ store, log: silentLog, onNack: (nack) => nacks.push(nack), onPushed: (push) => pushed.push(push) });
  await server.listenOnSocket(socket);
  server.open();
}

const acked = (type: 'CDS' | 'EDS' | 'LDS' | 'RDS', name: string): boolean => server.ackState(PROXY, type, name)[0]?.state === 'acked';

/** Sends requests one after the other, on one connection, until `done` holds and at least `least` were sent. */
async function loop(least: number, done: (last: Answer) => boolean): Promise<Answer[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const answers: Answer[] = [];
  const end = performance.now() + LOOP_LIMIT;
  let last: Answer = { status: 0, body: '' };
  while (answers.length < least || !done(last)) {
    assert.ok(performance.now() < end, `still not done after ${answers.length} requests, the last one answered ${last.status} ${last.body}`);
    last = await get({ port, agent });
    answers.push(last);
  }
  agent.destroy();
  return answers;
}

const failures = (answers: readonly Answer[]): readonly Answer[] => answers.filter(({ status }) => status !== 200);

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'moongate-xds-'));
  socket = join(directory, 'xds.sock');
  port = await freePort();
  await startServer();
  store.set(PROXY, 'CDS', cluster('one'));
  store.set(PROXY, 'EDS', endpoints('one', [await backend('one')]));
  store.set(PROXY, 'LDS', listener('http', port, 'web'));
  store.set(PROXY, 'RDS', routes('web', [['*', 'one']]));
  store.commit();
  envoy = startEnvoy(directory, socket, PROXY);
  await until('Envoy answers', async () => (await get({ port })).status === 200).catch((error: unknown) => {
    throw new Error(envoy.log(), { cause: error });
  });
});

after(async () => {
  await envoy.stop();
  await server.close();
  for (const { server: open } of backends.values()) open.close();
  await rm(directory, { recursive: true });
});

describe('a real Envoy', () => {
  it('answers by what it was pushed, and has acknowledged it', async () => {
    assert.deepEqual(await get({ port }), { status: 200, body: 'one' });
    await until('acknowledged', () => acked('RDS', 'web'));
    assert.deepEqual([acked('CDS', 'one'), acked('EDS', 'one'), acked('LDS', 'http')], [true, true, true]);
  });

  it('moves to a new cluster without a failed request', async () => {
    const other = await backend('two');
    const running = loop(200, ({ body }) => body === 'two');
    store.set(PROXY, 'CDS', cluster('two'));
    store.set(PROXY, 'EDS', endpoints('two', [other]));
    store.set(PROXY, 'RDS', routes('web', [['*', 'two']]));
    store.delete(PROXY, 'CDS', 'one');
    store.delete(PROXY, 'EDS', 'one');
    store.commit();
    const answers = await running;
    assert.deepEqual(failures(answers), []);
    assert.equal(answers.at(-1)?.body, 'two');
  });

  it('moves to and fro between new clusters, with the old one removed each time, without a failed request', async () => {
    const ports = [backends.get('one')?.port ?? 0, backends.get('two')?.port ?? 0];
    const names = ['one', 'two'];
    const done = { turns: 0 };
    const running = loop(200, () => done.turns === 20);
    let before = 'two';
    for (let turn = 0; turn < 20; turn++) {
      const next = `turn-${turn}`;
      store.set(PROXY, 'CDS', cluster(next));
      store.set(PROXY, 'EDS', endpoints(next, [ports[turn % 2] ?? 0]));
      store.set(PROXY, 'RDS', routes('web', [['*', next]]));
      store.delete(PROXY, 'CDS', before);
      store.delete(PROXY, 'EDS', before);
      store.commit();
      await until(`turn ${turn}`, async () => (await get({ port })).body === names[turn % 2]);
      before = next;
      done.turns++;
    }
    assert.deepEqual(failures(await running), []);
  });

  it('goes on answering while a cluster changes, and has the change within a second', async () => {
    const running = loop(200, () => true);
    store.set(PROXY, 'CDS', cluster('turn-19', 2_345));
    store.commit();
    await until('in force', async () => /"connect_timeout": "2.345s"/.test(await envoy.admin('/config_dump?resource=dynamic_active_clusters')), 1_000);
    const warming = await envoy.admin('/stats?filter=^cluster_manager.warming_clusters$');
    assert.equal(warming.trim(), 'cluster_manager.warming_clusters: 0');
    assert.deepEqual(failures(await running), []);
  });

  it('starts a second listener with routes that it has, and scopes that come later', async () => {
    const [second, third, fourth] = [await freePort(), await freePort(), await freePort()];
    store.set(PROXY, 'LDS', listener('second', second, 'web'));
    store.set(PROXY, 'LDS', scopedListener('third', third, 'third'));
    store.set(PROXY, 'SRDS', scope('s', 'web', 'a.test'));
    store.commit();
    await until('second', async () => (await get({ port: second })).status === 200);
    await until('third', async () => (await get({ port: third })).status === 200);
    store.set(PROXY, 'LDS', scopedListener('fourth', fourth, 'fourth'));
    store.commit();
    await until('fourth', async () => (await get({ port: fourth })).status === 200);
  });

  it('says why it refuses a listener, once, and serves the good ones beside it', async () => {
    const good = await freePort();
    store.set(PROXY, 'LDS', listener('bad', await freePort(), 'web', ''));
    store.set(PROXY, 'LDS', listener('good', good, 'web'));
    store.commit();
    await until('refused', () => nacks.length > 0);
    await until('good', async () => (await get({ port: good })).status === 200);
    await until('acknowledged', () => acked('LDS', 'good'));
    assert.deepEqual(nacks.map(({ type, name }) => `${type} ${name}`), ['LDS bad']);
    assert.match(nacks[0]?.message ?? '', /HttpConnectionManagerValidationError.StatPrefix: value length must be at least 1 characters\)$/);
    assert.equal(server.ackState(PROXY, 'LDS', 'bad')[0]?.state, 'nacked');
  });

  it('refuses duplicate domains without harm to the routes that it has', async () => {
    nacks.length = 0;
    store.set(PROXY, 'RDS', routes('web', [['x.test', 'turn-19'], ['x.test', 'turn-19']], () => [{ owner: 'HTTPRoute/ns/twice', version: '1' }]));
    store.commit();
    await until('refused', () => nacks.length > 0);
    assert.equal(nacks[0]?.message, 'Only unique values for domains are permitted. Duplicate entry of domain x.test in route web');
    assert.deepEqual(nacks[0]?.suspects, [{ owner: 'HTTPRoute/ns/twice', version: '1' }]);
    assert.equal((await get({ port })).status, 200);
    store.set(PROXY, 'RDS', routes('web', [['*', 'turn-19']]));
    store.delete(PROXY, 'LDS', 'bad');
    store.commit();
    await until('acknowledged', () => acked('RDS', 'web'));
  });

  it('goes on answering without a control plane, and is sent nothing by one that comes back with the same', async () => {
    const running = loop(200, () => server.counters.streams === 1);
    await until('quiet', () => server.counters.acks + server.counters.nacks === server.counters.pushes);
    await server.close();
    pushed.length = 0;
    await startServer();
    await until('back', () => acked('RDS', 'web') && acked('EDS', 'turn-19') && acked('LDS', 'fourth'));
    assert.deepEqual(failures(await running), []);
    store.set(PROXY, 'EDS', endpoints('turn-19', [backends.get('one')?.port ?? 0]));
    store.commit();
    await until('changed', async () => (await get({ port })).body === 'one');
    const sent = pushed.map(({ type, resources, removed }) => ({ type, resources, removed }));
    // What left the store before the restart is removed when it has been unused for a while.
    assert.deepEqual(sent.filter(({ resources }) => resources > 0), [{ type: 'EDS', resources: 1, removed: 0 }]);
  });
});
