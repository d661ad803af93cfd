import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NEEDS_WAIT_MS, REFUSED_WAIT_MS } from './client-state.ts';
import { LEAVING_LOOK_MS, LINGER_MS } from './deferral.ts';
import type { Nack, Overdue } from './events.ts';
import { ProxyMemory } from './memory.ts';
import { ModelClient, told } from './model-client.ts';
import type { ResourceId } from './refusal.ts';
import { ResourceStore, type XdsResource } from './resources.ts';
import { Session } from './session.ts';
import { PUSH_ORDER, TYPE_URL, type XdsType } from './types.ts';
import type { DeltaRequest, Response } from './wire.ts';

const PROXY = 'proxy';

/** A store, a session and a model of Envoy, and a clock that stands still unless told. */
class Bench {
  now = 0;
  readonly store = new ResourceStore();
  readonly nacks: Nack[] = [];
  readonly overdue: Overdue[] = [];
  readonly recovered: ResourceId[] = [];
  readonly memory = new ProxyMemory(this.store, PROXY, (id) => this.recovered.push(id));
  readonly client = new ModelClient();
  /** Where the client is. */
  places: readonly string[] = [];
  session = this.#newSession();

  constructor() {
    this.store.subscribe(PROXY, (changes) => this.client.take(this.session.changed(changes, this.now)));
  }

  #newSession(maxResponseBytes?: number): Session {
    return new Session({
      store: this.store,
      memory: this.memory,
      proxy: PROXY,
      nodeId: 'node',
      places: () => this.places,
      onNack: (nack) => this.nacks.push(nack),
      onOverdue: (overdue) => this.overdue.push(overdue),
      ...(maxResponseBytes === undefined ? {} : { maxResponseBytes }),
    });
  }

  /** Sets resources (or deletes, with undefined) and commits. */
  put(changes: Partial<Record<XdsType, Record<string, XdsResource | string | undefined>>>): void {
    for (const [type, names] of Object.entries(changes) as [XdsType, Record<string, XdsResource | string | undefined>][]) {
      for (const [name, value] of Object.entries(names)) {
        if (value === undefined) this.store.delete(PROXY, type, name);
        else this.store.set(PROXY, type, typeof value === 'string' ? told(name, value) : value);
      }
    }
    this.store.commit();
  }

  connect(maxResponseBytes?: number): void {
    this.session = this.#newSession(maxResponseBytes);
    this.client.connect(this.session, this.now);
  }

  process(...types: XdsType[]): void {
    for (const type of types) this.client.process(type, this.now);
  }

  /** Lets the client process everything until nothing comes any more. */
  settle(): void {
    for (let round = 0; this.client.inbox.size > 0; round++) {
      assert.ok(round < 100, 'the client is kept busy for ever');
      this.process(...PUSH_ORDER);
    }
  }

  advance(ms: number): void {
    const end = this.now + ms;
    for (let at = this.session.wakeAt; at !== undefined && at <= end; at = this.session.wakeAt) {
      this.now = Math.max(this.now, at);
      this.client.take(this.session.tick(this.now));
      this.settle();
    }
    this.now = end;
  }

  ask(type: XdsType, request: Partial<DeltaRequest>): readonly Response[] {
    const blank = { node: undefined, subscribe: [], unsubscribe: [], initialVersions: new Map<string, string>(), nonce: '', error: undefined };
    return this.session.receive({ ...blank, ...request, typeUrl: TYPE_URL[type] }, this.now);
  }

  /** What was sent since the last call: `CDS +a -b`. */
  sent(): string[] {
    return this.client.seen.splice(0).map(summary);
  }
}

function summary({ type, resources, removed }: Response): string {
  return [type, ...resources.map(({ name }) => `+${name}`), ...removed.map((name) => `-${name}`)].join(' ');
}

const served = (needs: string[], content = 'v1'): XdsResource => told('web', content, { needs });

function running(): Bench {
  const bench = new Bench();
  bench.put({ CDS: { a: 'v1' }, EDS: { a: 'v1' }, LDS: { 'http>web': 'v1' }, RDS: { web: served(['a']) } });
  bench.connect();
  bench.settle();
  bench.sent();
  return bench;
}

describe('what depends on the place of the client', () => {
  const placed = (version: string, at: Record<string, string>, elsewhere: string): XdsResource => ({
    ...told('a', elsewhere),
    version,
    placed: { at: new Map(Object.entries(at).map(([place, content]) => [place, told('a', content)])), elsewhere: told('a', elsewhere) },
  });
  const at = (places: readonly string[]): Bench => {
    const bench = new Bench();
    bench.places = places;
    bench.put({ CDS: { a: 'v1' }, EDS: { a: placed('1', { 'node/n': 'of n', 'zone/z': 'of z' }, 'of all') }, LDS: { 'http>web': 'v1' }, RDS: { web: served(['a']) } });
    bench.connect();
    bench.settle();
    bench.sent();
    return bench;
  };
  const has = (bench: Bench): string | undefined => bench.client.applied.EDS.get('a')?.version;

  it('is what is for the narrowest place that there is something for, or for elsewhere', () => {
    assert.deepEqual([['node/n', 'zone/z'], ['node/m', 'zone/z'], ['node/m'], []].map((places) => has(at(places))), ['of n', 'of z', 'of all', 'of all']);
    assert.equal(at(['zone/z']).session.stateOf('EDS', 'a').state, 'acked');
  });

  it('is sent where it changed, and nowhere else', () => {
    const [inZone, onNode] = [at(['zone/z']), at(['node/n', 'zone/z'])];
    for (const bench of [inZone, onNode]) bench.put({ EDS: { a: placed('2', { 'node/n': 'of n', 'zone/z': 'new' }, 'of all') } });
    assert.deepEqual([inZone.sent(), onNode.sent()], [['EDS +a'], []]);
  });

  it('is not sent again to a client that comes back', () => {
    const bench = at(['zone/z']);
    bench.connect();
    bench.settle();
    assert.deepEqual([bench.sent(), has(bench)], [[], 'of z']);
  });

  it('gives way to one thing for all, and comes back', () => {
    const bench = at(['zone/z']);
    bench.put({ EDS: { a: 'same for all' } });
    bench.settle();
    assert.equal(has(bench), 'same for all');
    bench.put({ EDS: { a: placed('3', { 'zone/z': 'of z' }, 'of all') } });
    bench.settle();
    assert.equal(has(bench), 'of z');
  });
});

describe('a delta ADS session, at the start', () => {
  it('sends clusters, endpoints, listeners, routes, in this order', () => {
    const bench = new Bench();
    bench.put({ CDS: { a: 'v1' }, EDS: { a: 'v1' }, LDS: { 'http>web': 'v1' }, RDS: { web: served(['a']) } });
    bench.connect();
    bench.settle();
    assert.deepEqual(bench.sent(), ['CDS +a', 'LDS +http>web', 'EDS +a', 'RDS +web']);
  });

  it('answers a wildcard request with nothing when there is nothing, so that Envoy starts', () => {
    const bench = new Bench();
    bench.connect();
    assert.deepEqual(bench.sent(), ['CDS', 'LDS']);
  });

  it('answers a name that does not exist with its removal', () => {
    const bench = new Bench();
    assert.deepEqual(bench.ask('RDS', { subscribe: ['web'] }).map(summary), ['RDS -web']);
  });

  it('sends what comes into being later to those who asked for it', () => {
    const bench = new Bench();
    const [first] = bench.ask('RDS', { subscribe: ['web'] });
    bench.ask('RDS', { nonce: first?.nonce ?? '' });
    bench.put({ RDS: { web: 'v1', other: 'v1' } });
    assert.deepEqual(bench.sent(), ['RDS +web']);
  });

  it('sends again what is explicitly asked for again', () => {
    const bench = running();
    assert.deepEqual(bench.ask('EDS', { subscribe: ['a'] }).map(summary), ['EDS +a']);
  });

  it('understands "*" like an empty request, and its withdrawal', () => {
    const bench = new Bench();
    bench.put({ CDS: { a: 'v1', b: 'v1' } });
    const [first] = bench.ask('CDS', { subscribe: ['*', 'b'] });
    assert.equal(first && summary(first), 'CDS +b +a');
    bench.ask('CDS', { nonce: first?.nonce ?? '' });
    bench.ask('CDS', { unsubscribe: ['*'] });
    bench.put({ CDS: { a: 'v2', b: 'v2' } });
    assert.deepEqual(bench.sent(), ['CDS +b']);
  });

  it('ignores kinds that are not served', () => {
    const bench = new Bench();
    assert.deepEqual(bench.session.receive({ ...blankRequest, typeUrl: 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig' }, 0), []);
  });

  it('cuts a large load into responses of bounded size, one after the other', () => {
    const bench = new Bench();
    for (let i = 0; i < 10; i++) bench.put({ CDS: { [`c${i}`]: 'x'.repeat(100) } });
    bench.connect(700);
    bench.settle();
    const sizes = bench.client.seen.filter(({ type }) => type === 'CDS').map(({ resources }) => resources.length);
    assert.deepEqual(sizes, [2, 2, 2, 2, 2]);
  });
});

const blankRequest: DeltaRequest = {
  node: undefined, typeUrl: '', subscribe: [], unsubscribe: [], initialVersions: new Map(), nonce: '', error: undefined,
};

describe('a delta ADS session, when an Envoy comes back', () => {
  it('sends nothing when nothing changed', () => {
    const bench = running();
    bench.connect();
    bench.settle();
    assert.deepEqual(bench.sent(), []);
  });

  it('sends only what changed, removes what vanished, and reports each as pending until then', () => {
    const bench = running();
    bench.session = new Session({ store: new ResourceStore(), memory: bench.memory, proxy: PROXY, nodeId: 'gone', onNack() {}, onOverdue() {} });
    bench.put({ LDS: { 'http>web': undefined, 'tls>web': 'v1' }, RDS: { web: served(['a'], 'v2') } });
    bench.connect();
    assert.deepEqual(bench.sent(), ['LDS +tls>web -http>web', 'RDS +web']);
    assert.deepEqual(bench.session.stateOf('RDS', 'web'), { state: 'pending', held: 'v1' });
    bench.settle();
    assert.deepEqual(bench.session.stateOf('RDS', 'web'), { state: 'acked', held: 'v2' });
  });

  it('sends the endpoints of a cluster that changed meanwhile although Envoy has them', () => {
    const bench = running();
    bench.session = new Session({ store: new ResourceStore(), memory: bench.memory, proxy: PROXY, nodeId: 'gone', onNack() {}, onOverdue() {} });
    bench.put({ CDS: { a: 'v2' } });
    bench.connect();
    bench.settle();
    assert.deepEqual(bench.sent(), ['CDS +a', 'EDS +a']);
    assert.equal(bench.client.warming.size, 0);
  });
});

describe('a delta ADS session, on change', () => {
  it('sends endpoints alone when endpoints change', () => {
    const bench = running();
    bench.put({ EDS: { a: 'v2' } });
    assert.deepEqual(bench.sent(), ['EDS +a']);
  });

  it('has one response of a kind in flight and sends the latest of what changed meanwhile', () => {
    const bench = running();
    for (const content of ['v2', 'v3', 'v4']) bench.put({ EDS: { a: content } });
    assert.deepEqual(bench.sent(), ['EDS +a']);
    bench.process('EDS');
    assert.deepEqual(bench.client.seen.map(({ resources }) => resources[0]?.version), ['v4']);
  });

  it('sends nothing when a change is taken back before its turn', () => {
    const bench = running();
    bench.put({ EDS: { a: 'v2' } });
    bench.put({ EDS: { a: 'v3' } });
    bench.put({ EDS: { a: 'v2' } });
    bench.settle();
    assert.deepEqual(bench.sent(), ['EDS +a']);
  });

  it('sends the endpoints right behind a changed cluster, which warms without them', () => {
    const bench = running();
    bench.put({ CDS: { a: 'v2' } });
    assert.deepEqual(bench.sent(), ['CDS +a', 'EDS +a']);
  });

  it('sends nothing while the transport is full, and the latest afterwards', () => {
    const bench = running();
    bench.session.writable(false, 0);
    bench.put({ EDS: { a: 'v2' } });
    bench.put({ EDS: { a: 'v3' } });
    assert.deepEqual(bench.sent(), []);
    bench.client.take(bench.session.writable(true, 0));
    assert.deepEqual(bench.client.seen.map(({ resources }) => resources[0]?.version), ['v3']);
  });

  it('ignores answers to responses of the past', () => {
    const bench = running();
    bench.put({ EDS: { a: 'v2' } });
    bench.ask('EDS', { nonce: '1' });
    assert.equal(bench.session.stateOf('EDS', 'a').state, 'pending');
  });

  it('stops sending what the client unsubscribed from', () => {
    const bench = running();
    bench.ask('EDS', { unsubscribe: ['a'] });
    bench.put({ EDS: { a: 'v2' } });
    assert.deepEqual(bench.sent(), []);
    assert.equal(bench.session.stateOf('EDS', 'a').state, 'unsent');
  });
});

describe('make before break', () => {
  it('holds a route back until its new cluster and the endpoints are acknowledged', () => {
    const bench = running();
    bench.put({ CDS: { b: 'v1' }, EDS: { b: 'v1' }, RDS: { web: served(['a', 'b'], 'v2') } });
    assert.deepEqual(bench.sent(), ['CDS +b']);
    bench.process('CDS');
    assert.deepEqual(bench.sent(), ['EDS +b']);
    bench.process('EDS');
    assert.deepEqual(bench.sent(), ['RDS +web']);
  });

  it('holds a route back until the secrets of its new cluster are acknowledged', () => {
    const bench = running();
    bench.put({ SDS: { ca: 'v1' }, CDS: { b: told('b', 'v1', { secrets: ['ca'] }) }, EDS: { b: 'v1' }, RDS: { web: served(['b'], 'v2') } });
    bench.process('CDS', 'EDS');
    assert.deepEqual(bench.sent(), ['CDS +b', 'EDS +b']);
    const secret = bench.ask('SDS', { subscribe: ['ca'] });
    assert.deepEqual(secret.map(summary), ['SDS +ca']);
    assert.deepEqual(bench.ask('SDS', { nonce: secret[0]?.nonce ?? '' }).map(summary), ['RDS +web']);
  });

  it('does not hold back the routes that need nothing new', () => {
    const bench = running();
    bench.put({ LDS: { 'tls>tls': 'v1' }, RDS: { tls: told('tls', 'v1', { needs: ['a'] }) } });
    bench.settle();
    bench.sent();
    bench.put({ CDS: { b: 'v1' }, EDS: { b: 'v1' }, RDS: { web: served(['b'], 'v2'), tls: told('tls', 'v2', { needs: ['a'] }) } });
    assert.deepEqual(bench.sent(), ['CDS +b', 'RDS +tls']);
  });

  it('is not starved by endpoints that change all the time', () => {
    const bench = running();
    bench.put({ CDS: { b: 'v1' }, EDS: { b: 'v1' }, RDS: { web: served(['b'], 'v2') } });
    for (let i = 0; i < 3; i++) {
      bench.put({ EDS: { a: `churn ${i}` } });
      bench.process('CDS', 'EDS');
    }
    assert.ok(bench.sent().includes('RDS +web'));
  });

  it('does not wait for a cluster that the store does not have', () => {
    const bench = running();
    bench.put({ RDS: { web: served(['a', 'nowhere'], 'v2') } });
    assert.deepEqual(bench.sent(), ['RDS +web']);
  });

  it('gives up on a cluster that does not come, says so, and does not wait for it again', () => {
    const bench = running();
    bench.put({ CDS: { b: 'v1' }, EDS: { b: 'v1' }, RDS: { web: served(['b'], 'v2') } });
    bench.now = NEEDS_WAIT_MS - 1;
    bench.client.take(bench.session.tick(bench.now));
    assert.deepEqual(bench.sent(), ['CDS +b']);
    bench.now = NEEDS_WAIT_MS;
    bench.client.take(bench.session.tick(bench.now));
    const nonce = bench.client.inbox.get('RDS')?.nonce ?? '';
    assert.deepEqual(bench.sent(), ['RDS +web']);
    assert.deepEqual(bench.overdue.map(({ name, missing }) => ({ name, missing })), [{ name: 'web', missing: ['b'] }]);
    bench.client.inbox.delete('RDS');
    bench.ask('RDS', { nonce });
    bench.put({ RDS: { web: served(['b'], 'v3') } });
    assert.deepEqual(bench.sent(), ['RDS +web']);
  });

  it('gives up sooner on a cluster that Envoy refused', () => {
    const bench = running();
    bench.put({ CDS: { b: 'bad' }, EDS: { b: 'v1' }, RDS: { web: served(['b'], 'v2') } });
    bench.settle();
    bench.sent();
    bench.advance(REFUSED_WAIT_MS - 1);
    assert.deepEqual(bench.sent(), []);
    bench.advance(1);
    assert.deepEqual(bench.sent(), ['RDS +web']);
  });

  it('removes a cluster some time after the last route to it has gone, and never before', () => {
    const bench = running();
    bench.put({ CDS: { a: undefined, b: 'v1' }, EDS: { a: undefined, b: 'v1' }, RDS: { web: served(['b'], 'v2') } });
    bench.process('CDS', 'EDS', 'CDS', 'EDS');
    assert.deepEqual(bench.sent(), ['CDS +b', 'EDS +b', 'RDS +web']);
    bench.now += 10 * LINGER_MS;
    bench.client.take(bench.session.tick(bench.now));
    bench.process('RDS');
    bench.advance(LINGER_MS - 1);
    assert.deepEqual(bench.sent(), []);
    bench.advance(2 * LEAVING_LOOK_MS);
    assert.deepEqual(bench.sent(), ['CDS -a']);
    assert.equal(bench.session.wakeAt, undefined);
  });

  it('keeps a cluster that comes back in time and sends nothing for it', () => {
    const bench = running();
    bench.put({ CDS: { a: undefined }, EDS: { a: undefined } });
    bench.advance(LEAVING_LOOK_MS);
    bench.put({ CDS: { a: 'v1' }, EDS: { a: 'v1' } });
    bench.advance(10 * LINGER_MS);
    assert.deepEqual(bench.sent(), []);
  });

  it('removes a listener at once', () => {
    const bench = running();
    bench.put({ LDS: { 'http>web': undefined } });
    assert.deepEqual(bench.sent(), ['LDS -http>web']);
  });
});

describe('a refusal', () => {
  const part = (owner: string, version: string): { owner: string; version: string } => ({ owner, version });
  const route = (content: string, ...parts: { owner: string; version: string }[]): XdsResource => told('web', content, { needs: ['a'], parts: () => parts });

  it('is reported with what changed since the last acceptance, and the content is never sent again', () => {
    const bench = running();
    bench.put({ RDS: { web: route('v2', part('x', '1'), part('y', '1')) } });
    bench.settle();
    bench.put({ RDS: { web: route('bad', part('x', '1'), part('y', '2'), part('z', '1')) } });
    bench.settle();
    const [nack] = bench.nacks;
    assert.deepEqual([nack?.type, nack?.name, nack?.message], ['RDS', 'web', 'bad is refused']);
    assert.deepEqual(nack?.suspects, [part('y', '2'), part('z', '1')]);
    assert.deepEqual(bench.session.stateOf('RDS', 'web'), { state: 'nacked', held: 'v2', message: 'bad is refused' });
    bench.sent();
    bench.put({ EDS: { a: 'v2' } });
    bench.settle();
    assert.deepEqual(bench.sent(), ['EDS +a']);
    assert.equal(bench.nacks.length, 1);
  });

  it('ends with the next content that is accepted, or that the client has already', () => {
    const bench = running();
    bench.put({ RDS: { web: route('bad 1') } });
    bench.settle();
    bench.put({ RDS: { web: route('bad 2') } });
    bench.settle();
    assert.deepEqual(bench.recovered, []);
    bench.put({ RDS: { web: served(['a']) } });
    assert.deepEqual(bench.recovered, [{ proxy: PROXY, type: 'RDS', name: 'web' }]);
    bench.put({ RDS: { web: route('bad 1') } });
    bench.settle();
    bench.put({ RDS: { web: route('v2') } });
    bench.settle();
    assert.equal(bench.recovered.length, 2);
  });

  it('ends when the resource is gone', () => {
    const bench = running();
    bench.put({ CDS: { b: 'bad' } });
    bench.settle();
    bench.put({ CDS: { b: undefined } });
    assert.deepEqual(bench.recovered, [{ proxy: PROXY, type: 'CDS', name: 'b' }]);
  });

  it('of several clusters blames those that Envoy names, each with its own text', () => {
    const bench = running();
    bench.put({ CDS: { b: 'bad b', c: 'v1', d: 'bad d' } });
    bench.settle();
    assert.deepEqual(bench.nacks.map(({ name, message }) => [name, message]), [['b', 'bad b is refused'], ['d', 'bad d is refused']]);
    assert.deepEqual(bench.sent().filter((line) => line.startsWith('CDS')), ['CDS +b +c +d', 'CDS +c']);
    assert.equal(bench.session.stateOf('CDS', 'c').state, 'acked');
  });

  it('that names nobody is resolved by sending one by one', () => {
    const bench = running();
    bench.put({ LDS: { 'l1>r1': 'v1', 'l2>r2': 'v1', 'l3>r3': 'v1' } });
    bench.settle();
    bench.sent();
    bench.put({ RDS: { r1: told('r1', 'v1'), r2: told('r2', 'bad'), r3: told('r3', 'v1') } });
    bench.settle();
    assert.deepEqual(bench.sent(), ['RDS +r1 +r2 +r3', 'RDS +r1', 'RDS +r2', 'RDS +r3']);
    assert.deepEqual(bench.nacks.map(({ name }) => name), ['r2']);
    bench.put({ RDS: { r1: told('r1', 'v2'), r3: told('r3', 'v2') } });
    assert.deepEqual(bench.sent(), ['RDS +r1 +r3']);
  });

  it('does not lose the removals of the response', () => {
    const bench = running();
    bench.put({ LDS: { 'http>web': undefined, 'x>x': 'bad' } });
    bench.settle();
    assert.ok(!bench.client.applied.LDS.has('http>web'));
    assert.deepEqual(bench.sent(), ['LDS +x>x -http>web', 'LDS -http>web']);
  });

  it('after a reconnect suspects only what changed since the last acceptance on the earlier stream', () => {
    const bench = running();
    bench.put({ RDS: { web: route('v2', part('x', '1')) } });
    bench.settle();
    bench.put({ RDS: { web: route('bad', part('x', '1'), part('y', '1')) } });
    bench.settle();
    bench.connect();
    bench.settle();
    assert.equal(bench.nacks.length, 2);
    assert.deepEqual(bench.nacks[1]?.suspects, [part('y', '1')]);
  });
});
