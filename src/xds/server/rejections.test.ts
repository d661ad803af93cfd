import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import fc from 'fast-check';
import { ProxyMemory } from './memory.ts';
import { ModelClient, told } from './model-client.ts';
import { Rejections } from './rejections.ts';
import type { Refusal } from './refusal.ts';
import { ResourceStore } from './resources.ts';
import { Session } from './session.ts';

const part = (owner: string): { owner: string; version: string } => ({ owner, version: '1' });

function refusal(name: string, version: string, ...owners: string[]): Refusal {
  return { proxy: 'p', type: 'RDS', name, version, message: `${version} is refused`, suspects: owners.map(part) };
}

const id = (name: string): { proxy: string; type: 'RDS'; name: string } => ({ proxy: 'p', type: 'RDS', name });

function state(rejections: Rejections): string[] {
  return [...rejections.withdrawn.values()].map(({ owner, provisional }) => (provisional ? `${owner}?` : owner)).sort();
}

describe('rejections', () => {
  it('blame the only suspect', () => {
    const rejections = new Rejections();
    assert.ok(rejections.refused(refusal('r', 'v1', 'a')));
    assert.deepEqual([...rejections.withdrawn.values()].map(({ owner, version, message }) => ({ owner, version, message })), [
      { owner: 'a', version: '1', message: 'v1 is refused' },
    ]);
  });

  it('take out the later half of several suspects, and let it in again when the rest is accepted', () => {
    const rejections = new Rejections();
    rejections.refused(refusal('r', 'v1', 'a', 'b', 'c', 'd'));
    assert.deepEqual(state(rejections), ['c?', 'd?']);
    rejections.refused(refusal('r', 'v2', 'a', 'b'));
    assert.deepEqual(state(rejections), ['b?', 'c?', 'd?']);
    rejections.refused(refusal('r', 'v3', 'a'));
    assert.deepEqual(state(rejections), ['a', 'b?', 'c?', 'd?']);
    assert.ok(rejections.recovered(id('r')));
    assert.deepEqual(state(rejections), ['a']);
  });

  it('judge one refusal once, however many Envoys report it', () => {
    const rejections = new Rejections();
    rejections.refused(refusal('r', 'v1', 'a', 'b'));
    assert.equal(rejections.refused(refusal('r', 'v1', 'a', 'b')), false);
    assert.deepEqual(state(rejections), ['b?']);
  });

  it('do not judge a content from before another withdrawal', () => {
    const rejections = new Rejections();
    rejections.refused(refusal('r', 'v1', 'a', 'b', 'c', 'd'));
    assert.equal(rejections.refused(refusal('s', 'v1', 'd', 'e')), false);
    assert.deepEqual(state(rejections), ['c?', 'd?']);
    rejections.recovered(id('r'));
    assert.deepEqual(state(rejections), ['d?'], 'd stays out until both are accepted');
    rejections.recovered(id('s'));
    assert.deepEqual(state(rejections), []);
  });

  it('keep what nobody can be blamed for as a problem of the proxy until it is over', () => {
    const rejections = new Rejections();
    rejections.refused(refusal('r', 'v1'));
    assert.deepEqual(rejections.unattributed, [{ ...id('r'), message: 'v1 is refused' }]);
    assert.ok(rejections.recovered(id('r')));
    assert.deepEqual(rejections.unattributed, []);
    assert.equal(rejections.recovered(id('r')), false);
  });

  it('forget an object whose version changed', () => {
    const rejections = new Rejections();
    rejections.refused(refusal('r', 'v1', 'a'));
    assert.equal(rejections.updated('a', '1'), false);
    assert.ok(rejections.updated('a', '2'));
    assert.deepEqual(state(rejections), []);
  });
});

/** Owners of each resource, and which owners Envoy cannot bear. */
interface Case {
  readonly owners: readonly (readonly [owner: string, resources: readonly string[]])[];
  readonly bad: ReadonlySet<string>;
  readonly known: number;
}

const RESOURCES = ['r', 's'];
const owners = Array.from({ length: 24 }, (_, index) => `owner-${index}`);
const example: fc.Arbitrary<Case> = fc.record({
  owners: fc.tuple(...owners.map((owner) => fc.tuple(fc.constant(owner), fc.subarray(RESOURCES, { minLength: 1 })))),
  bad: fc.subarray(owners, { maxLength: 5 }).map((names) => new Set(names)),
  known: fc.integer({ min: 0, max: 20 }),
});

/** Serves everything that is not withdrawn, until nothing is in flight any more; returns the number of responses. */
function run({ owners: all, bad, known }: Case, rejections: Rejections, client: ModelClient): number {
  const store = new ResourceStore();
  const events: (() => boolean)[] = [];
  const memory = new ProxyMemory(store, 'p', (gone) => events.push(() => rejections.recovered(gone)));
  const options = { store, memory, proxy: 'p', nodeId: 'n', onOverdue() {} };
  const session = new Session({ ...options, onNack: (nack) => events.push(() => rejections.refused(nack)) });
  const publish = (present: (owner: string, index: number) => boolean): void => {
    for (const resource of RESOURCES) {
      const parts = all.flatMap(([owner, resources], index) => (resources.includes(resource) && present(owner, index) ? [part(owner)] : []));
      const content = parts.map(({ owner }) => owner).join();
      store.set('p', 'RDS', told(resource, parts.some(({ owner }) => bad.has(owner)) ? `bad ${content}` : `ok ${content}`, { parts: () => parts }));
    }
    for (const resource of RESOURCES) store.set('p', 'LDS', told(`l>${resource}`, '1'));
    store.commit();
  };
  store.subscribe('p', (changes) => client.take(session.changed(changes, 0)));
  // Some good objects are live already when the others come, all at once.
  publish((owner, index) => index < known && !bad.has(owner));
  client.connect(session, 0);
  let first = true;
  for (let rounds = 0; rounds < 10_000; rounds++) {
    client.processNext(0);
    const changed = events.splice(0).map((event) => event()).includes(true);
    if (client.inbox.size > 0 && !changed) continue;
    if (!changed && !first) break;
    first = false;
    publish((owner) => !rejections.withdrawn.has(owner));
  }
  return client.seen.length;
}

test('halving blames exactly the objects that Envoy refuses and everything else goes live, in a bounded number of pushes', () => {
  fc.assert(
    fc.property(example, (it) => {
      const rejections = new Rejections();
      const client = new ModelClient();
      const pushes = run(it, rejections, client);
      assert.deepEqual(state(rejections), [...it.bad].sort());
      for (const resource of RESOURCES) {
        const live = it.owners.filter(([owner, resources]) => resources.includes(resource) && !it.bad.has(owner)).map(([owner]) => owner);
        assert.equal(client.applied.RDS.get(resource)?.version, `ok ${live.join()}`);
      }
      const bound = 20 + it.bad.size * RESOURCES.length * 3 * (Math.ceil(Math.log2(owners.length)) + 2);
      assert.ok(pushes <= bound, `${pushes} pushes for ${it.bad.size} bad objects, at most ${bound} expected`);
    }),
    { numRuns: Number(process.env['FC_RUNS'] ?? 500) },
  );
});
