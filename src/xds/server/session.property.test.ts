import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NEEDS_WAIT_MS } from './client-state.ts';
import { LINGER_MS } from './deferral.ts';
import { ProxyMemory } from './memory.ts';
import { ModelClient, told } from './model-client.ts';
import { ResourceStore } from './resources.ts';
import { Session } from './session.ts';
import { ROUTING_TYPES, type XdsType } from './types.ts';
import type { Response } from './wire.ts';

const PROXY = 'proxy';
const CLUSTERS = ['a', 'b', 'c', 'd'];
const ROUTES = ['r', 's', 't'];

type Step =
  | { readonly do: 'cluster'; readonly name: string; readonly content: string }
  | { readonly do: 'endpoints'; readonly name: string; readonly content: string }
  | { readonly do: 'no cluster'; readonly name: string }
  | { readonly do: 'route'; readonly name: string; readonly content: string; readonly needs: readonly string[] }
  | { readonly do: 'listener'; readonly route: string; readonly content: string | undefined }
  | { readonly do: 'commit' }
  | { readonly do: 'process' }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'flow'; readonly writable: boolean }
  | { readonly do: 'reconnect' };

const content = fc.constantFrom('1', '2', '3', 'bad');
const name = fc.constantFrom(...CLUSTERS);
const route = fc.constantFrom(...ROUTES);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('cluster' as const), name, content }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('endpoints' as const), name, content: fc.constantFrom('1', '2', '3') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('no cluster' as const), name }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('route' as const), name: route, content, needs: fc.subarray(CLUSTERS) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('listener' as const), route, content: fc.option(content, { nil: undefined }) }) },
  { weight: 6, arbitrary: fc.constant({ do: 'commit' as const }) },
  { weight: 14, arbitrary: fc.constant({ do: 'process' as const }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(100, LINGER_MS, NEEDS_WAIT_MS) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('flow' as const), writable: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ do: 'reconnect' as const }) },
);

/** Runs a program and checks, with every response, what must never happen. */
class Run {
  now = 0;
  readonly store = new ResourceStore();
  readonly client = new ModelClient();
  readonly memory = new ProxyMemory(this.store, PROXY, () => {});
  /** Clusters that routes were sent without, as announced. */
  readonly overdue = new Set<string>();
  /** Versions refused by name alone on this stream, until something else is accepted. */
  readonly refused = new Map<string, string>();
  /** Clusters sent on this stream whose endpoints were not sent since. */
  readonly rewarm = new Set<string>();
  /** In a refused response: nobody knows whether they were applied. */
  readonly doubtful = new Set<string>();
  session = this.newSession();

  constructor() {
    this.store.subscribe(PROXY, (changes) => this.client.take(this.session.changed(changes, this.now)));
    this.client.onResponse = (response) => this.check(response);
    this.client.connect(this.session, this.now);
  }

  newSession(): Session {
    return new Session({
      store: this.store,
      memory: this.memory,
      proxy: PROXY,
      nodeId: 'node',
      onNack: ({ type, name: refused, version }) => this.refused.set(`${type}/${refused}`, version),
      onOverdue: ({ missing }) => missing.forEach((cluster) => this.overdue.add(cluster)),
      maxResponseBytes: 300,
    });
  }

  check({ type, resources, removed }: Response): void {
    for (const { name: sent, version, needs = [] } of resources) {
      const id = `${type}/${sent}`;
      if (this.client.asked.has(id)) this.refused.delete(id);
      assert.notEqual(this.refused.get(id), version, `${id} is sent again in a version that was refused`);
      if (this.client.versions[type].get(sent) === version && this.client.applied[type].get(sent)?.version === version) {
        const reason = (type === 'EDS' && this.rewarm.has(sent)) || this.client.asked.has(id) || this.doubtful.has(id);
        assert.ok(reason, `${id} is sent again in a version that the client has`);
      }
      if (type === 'CDS') this.rewarm.add(sent);
      if (type === 'EDS') this.rewarm.delete(sent);
      for (const cluster of needs) {
        if (this.store.get(PROXY, 'CDS', cluster) === undefined || this.overdue.has(cluster)) continue;
        assert.ok(this.client.applied.CDS.has(cluster), `${id} is sent before cluster ${cluster}`);
        const wanted = this.store.get(PROXY, 'EDS', cluster) !== undefined;
        assert.ok(!wanted || this.client.applied.EDS.has(cluster), `${id} is sent before the endpoints of ${cluster}`);
      }
    }
    if (type !== 'CDS') return;
    for (const routing of ROUTING_TYPES) {
      for (const { name: user, needs = [] } of this.client.applied[routing].values()) {
        for (const cluster of removed) assert.ok(!needs.includes(cluster), `cluster ${cluster} is removed under ${routing}/${user}`);
      }
    }
  }

  process(): void {
    const [next] = this.client.inbox.values();
    const resources = next?.resources ?? [];
    if (resources.some(({ version }) => version.startsWith('bad'))) {
      for (const { name: doubtful } of resources) this.doubtful.add(`${next?.type}/${doubtful}`);
    } else {
      for (const { name: accepted } of resources) {
        this.refused.delete(`${next?.type}/${accepted}`);
        this.doubtful.delete(`${next?.type}/${accepted}`);
      }
    }
    this.client.processNext(this.now);
  }

  do(next: Step): void {
    switch (next.do) {
      case 'cluster':
        this.store.set(PROXY, 'CDS', told(next.name, next.content));
        if (this.store.get(PROXY, 'EDS', next.name) === undefined) this.store.set(PROXY, 'EDS', told(next.name, '1'));
        return;
      case 'endpoints':
        if (this.store.get(PROXY, 'CDS', next.name) !== undefined) this.store.set(PROXY, 'EDS', told(next.name, next.content));
        return;
      case 'no cluster':
        this.store.delete(PROXY, 'CDS', next.name);
        this.store.delete(PROXY, 'EDS', next.name);
        return;
      case 'route':
        this.store.set(PROXY, 'RDS', told(next.name, `${next.content} to ${next.needs.join()}`, { needs: next.needs }));
        return;
      case 'listener':
        if (next.content === undefined) this.store.delete(PROXY, 'LDS', `l>${next.route}`);
        else this.store.set(PROXY, 'LDS', told(`l>${next.route}`, next.content));
        return;
      case 'commit':
        // A refused content that the store leaves and comes back to is a new attempt.
        for (const id of this.refused.keys()) this.forgetIfReplaced(id);
        return this.store.commit();
      case 'process':
        return this.process();
      case 'pass':
        return this.pass(next.ms);
      case 'flow':
        return this.client.take(this.session.writable(next.writable, this.now));
      case 'reconnect':
        this.refused.clear();
        this.rewarm.clear();
        this.overdue.clear();
        // Lost with the stream: endpoints that were on their way to a changed cluster. Envoy cannot say that it lacks
        // them; after its initial_fetch_timeout it takes those it has.
        this.client.warming.clear();
        this.session = this.newSession();
        return this.client.connect(this.session, this.now);
    }
  }

  forgetIfReplaced(id: string): void {
    const [type, resource] = id.split('/') as [XdsType, string];
    const wanted = this.store.get(PROXY, type, resource)?.version;
    if (wanted === undefined || wanted === this.client.versions[type].get(resource)) this.refused.delete(id);
  }

  pass(ms: number): void {
    const end = this.now + ms;
    for (let at = this.session.wakeAt; at !== undefined && at <= end; at = this.session.wakeAt) {
      this.now = Math.max(this.now, at);
      this.client.take(this.session.tick(this.now));
    }
    this.now = end;
  }

  /** Lets everything that is under way come to its end. */
  finish(): void {
    this.do({ do: 'commit' });
    this.do({ do: 'flow', writable: true });
    for (let round = 0; round < 40; round++) {
      for (let answers = 0; this.client.inbox.size > 0; answers++) {
        assert.ok(answers < 500, 'the client is kept busy for ever');
        this.process();
      }
      this.pass(LINGER_MS / 2);
    }
  }

  checkConverged(): void {
    for (const type of ['CDS', 'LDS'] as const) {
      const wanted = new Map(this.store.list(PROXY, type).map((resource) => [resource.name, resource.version]));
      for (const [resource, version] of wanted) {
        const applied = this.client.applied[type].get(resource)?.version;
        assert.ok(applied === version || version.startsWith('bad'), `${type}/${resource} is ${applied}, not ${version}`);
      }
      for (const resource of this.client.applied[type].keys()) {
        // A cluster stays under a route, and as long as anything is refused, for what is kept instead may use it.
        const users = [...this.store.list(PROXY, 'RDS'), ...this.store.list(PROXY, 'LDS')];
        const kept = type === 'CDS' && users.some(({ version, needs = [] }) => version.startsWith('bad') || needs.includes(resource));
        assert.ok(wanted.has(resource) || kept, `${type}/${resource} is still there`);
      }
    }
    for (const listener of this.client.applied.LDS.keys()) {
      const wanted = this.store.get(PROXY, 'RDS', listener.slice(2));
      const applied = this.client.applied.RDS.get(listener.slice(2))?.version;
      assert.ok(wanted === undefined || applied === wanted.version || wanted.version.startsWith('bad'), `RDS/${listener} is ${applied}`);
    }
    for (const cluster of this.client.applied.CDS.keys()) {
      const wanted = this.store.get(PROXY, 'EDS', cluster)?.version;
      const applied = this.client.applied.EDS.get(cluster)?.version;
      assert.ok(wanted === undefined || applied === wanted, `EDS/${cluster} is ${applied}, not ${wanted}`);
    }
    assert.deepEqual([...this.client.warming].filter((cluster) => this.store.get(PROXY, 'EDS', cluster) !== undefined), []);
    assert.equal(this.session.wakeAt === undefined || this.session.wakeAt > this.now, true, 'a timer that is due for ever');
  }
}

test('whatever happens, an Envoy is never sent a route before its clusters, nothing twice, and ends up with what the store has', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const run = new Run();
      for (const next of steps) run.do(next);
      run.finish();
      run.checkConverged();
    }),
    { numRuns: Number(process.env['FC_RUNS'] ?? 500) },
  );
});
