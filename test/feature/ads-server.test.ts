import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { silentLog } from '../../src/util/log.ts';
import { AdsServer, type AdsServerOptions } from '../../src/xds/server/ads-server.ts';
import type { Nack, Pushed, StreamEvent } from '../../src/xds/server/events.ts';
import type { ResourceId } from '../../src/xds/server/refusal.ts';
import { ResourceStore, type XdsResource } from '../../src/xds/server/resources.ts';
import { DeltaClient, type DeltaClientOptions } from './delta-client.ts';
import { until } from './until.ts';
import { cluster, endpoints, listener, routes, scope } from './xds-resources.ts';

let directory = '';
let socket = '';
let store: ResourceStore;
let server: AdsServer;
let clients: DeltaClient[] = [];
const nacks: Nack[] = [];
const recovered: ResourceId[] = [];
const streams: StreamEvent[] = [];
const pushed: Pushed[] = [];

function newServer(options: Partial<AdsServerOptions> = {}): AdsServer {
  return new AdsServer({
    store,
    log: silentLog,
    onNack: (nack) => nacks.push(nack),
    onRecovered: (id) => recovered.push(id),
    onStream: (event) => streams.push(event),
    onPushed: (push) => pushed.push(push),
    ...options,
  });
}

function client(options: Partial<DeltaClientOptions> = {}): DeltaClient {
  const made = new DeltaClient(`unix:${socket}`, { proxy: 'p', ...options });
  clients.push(made);
  return made;
}

/** One cluster, its endpoints, one listener, one route. */
function fill(): void {
  store.set('p', 'CDS', cluster('a'));
  store.set('p', 'EDS', endpoints('a', [1]));
  store.set('p', 'LDS', listener('http', 80, 'web'));
  store.set('p', 'RDS', routes('web', [['*', 'a']]));
  store.commit();
}

beforeEach(async () => {
  for (const list of [nacks, recovered, streams, pushed]) list.length = 0;
  directory = await mkdtemp(join(tmpdir(), 'moongate-ads-'));
  socket = join(directory, 'xds.sock');
  store = new ResourceStore();
  server = newServer();
  await server.listenOnSocket(socket);
});

afterEach(async () => {
  for (const open of clients) open.close();
  clients = [];
  await server.close();
  await rm(directory, { recursive: true });
});

describe('the ADS server', () => {
  it('answers nobody before it is open, and everybody then', async () => {
    const early = client();
    await until('connected', () => streams.length === 1);
    fill();
    assert.deepEqual(early.log, []);
    server.open();
    await until('served', () => early.state.RDS.has('web'));
    assert.deepEqual(early.log, ['CDS +a', 'LDS +http', 'SRDS', 'EDS +a', 'RDS +web']);
  });

  it('serves each proxy its own resources', async () => {
    server.open();
    fill();
    store.set('q', 'CDS', cluster('other'));
    store.commit();
    const one = client();
    const two = client({ proxy: 'q' });
    await until('served', () => one.state.RDS.has('web') && two.state.CDS.has('other'));
    assert.deepEqual([one.names('CDS'), two.names('CDS'), two.names('LDS')], [['a'], ['other'], []]);
  });

  it('pushes a change of endpoints alone, and reports what it hands to gRPC', async () => {
    server.open();
    fill();
    const one = client();
    await until('all acknowledged', () => one.state.RDS.has('web') && server.counters.acks === server.counters.pushes);
    const before = { ...server.counters };
    pushed.length = 0;
    one.log.length = 0;
    store.set('p', 'EDS', endpoints('a', [1, 2]));
    store.commit();
    assert.deepEqual(pushed.map(({ type, resources, nodeId }) => [type, resources, nodeId]), [['EDS', 1, 'p-0']], 'within the commit');
    await until('acknowledged', () => server.ackState('p', 'EDS', 'a')[0]?.state === 'acked');
    assert.deepEqual(one.log, ['EDS +a']);
    assert.equal(server.counters.pushes, before.pushes + 1);
    assert.equal(server.counters.bytes, before.bytes + (pushed[0]?.bytes ?? 0));
    assert.equal(server.counters.acks, before.acks + 1);
  });

  it('sends nothing to a client that comes back with what it had, also to a new server', async () => {
    server.open();
    fill();
    store.set('p', 'SRDS', scope('s', 'scoped', 'x'));
    store.set('p', 'RDS', routes('scoped', [['*', 'a']]));
    store.commit();
    const one = client();
    await until('served', () => one.state.RDS.size === 2);
    one.close();
    await until('gone', () => streams.at(-1)?.state === 'disconnected');
    await server.close();
    server = newServer();
    await server.listenOnSocket(socket);
    server.open();
    const back = client({ state: one.state });
    await until('back', () => server.ackState('p', 'RDS', 'scoped')[0]?.state === 'acked');
    store.set('p', 'EDS', endpoints('a', [7]));
    store.commit();
    await until('changed', () => back.log.length > 0);
    assert.deepEqual(back.log, ['EDS +a']);
  });

  it('reports a refusal with its suspects, its state, and its end', async () => {
    server.open();
    fill();
    const picky = client({ refuse: (type) => (type === 'RDS' && server.counters.nacks === 0 ? 'no such routes' : undefined) });
    await until('refused', () => nacks.length === 1);
    const { type, name, message } = nacks[0] ?? {};
    assert.deepEqual([type, name, message], ['RDS', 'web', 'no such routes']);
    assert.deepEqual(server.ackState('p', 'RDS', 'web'), [{ nodeId: 'p-0', state: 'nacked', held: undefined, message: 'no such routes' }]);
    store.set('p', 'RDS', routes('web', [['x', 'a']]));
    store.commit();
    await until('recovered', () => recovered.length === 1);
    assert.deepEqual(recovered, [{ proxy: 'p', type: 'RDS', name: 'web' }]);
    assert.deepEqual(picky.names('RDS'), ['web']);
  });

  it('may be changed from within its events', async () => {
    await server.close();
    server = newServer({
      onNack: () => {
        store.set('p', 'RDS', routes('web', [['x', 'a']]));
        store.commit();
      },
    });
    await server.listenOnSocket(socket);
    server.open();
    fill();
    const one = client({ refuse: (type) => (type === 'RDS' && server.counters.nacks === 0 ? 'no' : undefined) });
    await until('repaired', () => one.state.RDS.has('web'));
    assert.deepEqual(one.log.filter((line) => line.startsWith('RDS')), ['RDS +web', 'RDS +web']);
  });

  it('serves a first load of thousands of clusters in responses of bounded size', async () => {
    server.open();
    const many = Array.from({ length: 3_000 }, (_, index): XdsResource => cluster(`cluster-with-a-rather-long-name-${'x'.repeat(400)}-${index}`));
    for (const resource of many) store.set('p', 'CDS', resource);
    store.commit();
    const one = client();
    await until('served', () => one.state.CDS.size === many.length);
    const loads = pushed.filter(({ type }) => type === 'CDS');
    assert.ok(loads.length > 1);
    assert.ok(loads.every(({ bytes }) => bytes <= 1024 * 1024 + 1024));
  });

  it('turns away a client that does not say which proxy it is, and bytes that are no request', async () => {
    server.open();
    const nameless = client({ proxy: '' });
    await until('refused', () => nameless.ended !== undefined);
    assert.equal(nameless.ended, status.INVALID_ARGUMENT);
    const babbling = client();
    babbling.sendBytes(Buffer.from([0x1a, 0x05, 0x61]));
    await until('refused', () => babbling.ended !== undefined);
    assert.equal(babbling.ended, status.INVALID_ARGUMENT);
    assert.equal(server.counters.streams, 0);
  });

  it('keeps a limited number of streams', async () => {
    await server.close();
    server = newServer({ maxStreams: 1 });
    await server.listenOnSocket(socket);
    server.open();
    fill();
    const first = client();
    await until('served', () => first.state.RDS.has('web'));
    const second = client({ nodeId: 'p-1' });
    await until('turned away', () => second.ended !== undefined);
    assert.equal(second.ended, status.RESOURCE_EXHAUSTED);
    first.close();
    await until('room', () => server.counters.streams === 0);
    const third = client({ nodeId: 'p-2' });
    await until('served', () => third.state.RDS.has('web'));
  });

  it('ends its streams when it closes', async () => {
    server.open();
    fill();
    const one = client();
    await until('served', () => one.state.RDS.has('web'));
    await server.close();
    await until('ended', () => one.ended !== undefined);
    assert.equal(one.ended, status.UNAVAILABLE);
    assert.deepEqual(streams.map(({ state }) => state), ['connected', 'disconnected']);
  });

  it('listens on a port of loopback too', async () => {
    const other = newServer();
    const port = await other.listen('127.0.0.1:0');
    other.open();
    fill();
    const one = new DeltaClient(`127.0.0.1:${port}`, { proxy: 'p' });
    clients.push(one);
    await until('served', () => one.state.RDS.has('web'));
    one.close();
    await other.close();
  });
});

describe('the socket of the ADS server', () => {
  it('is for this user only, and gone after close', async () => {
    assert.equal((await stat(socket)).mode & 0o777, 0o600);
    await server.close();
    await assert.rejects(stat(socket), { code: 'ENOENT' });
  });

  it('is refused to a second server while the first one lives', async () => {
    const second = newServer();
    await assert.rejects(second.listenOnSocket(socket), /in use: another instance/);
    await second.close();
    const probe = connect(socket);
    await once(probe, 'connect');
    probe.destroy();
  });

  it('replaces what a dead process left', async () => {
    const stale = join(directory, 'stale.sock');
    const dead = createServer().listen(stale);
    await once(dead, 'listening');
    await leaveBehind(dead, stale);
    const second = newServer();
    await second.listenOnSocket(stale);
    await second.close();
  });

  it('does not replace a file, and not a path that is too long', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    const second = newServer();
    await assert.rejects(second.listenOnSocket(file), /exists and is not a socket/);
    await assert.rejects(second.listenOnSocket(join(directory, 'x'.repeat(200))), /choose a shorter state directory/);
    await second.close();
  });
});

/** Closes a server but keeps its socket file, as a killed process does. */
async function leaveBehind(dead: Server, path: string): Promise<void> {
  await rename(path, `${path}.kept`);
  dead.close();
  await once(dead, 'close');
  await rename(`${path}.kept`, path);
}
