import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decode } from '../../api/decode.ts';
import { kindNamed, type KindName } from '../../api/kinds.ts';
import type { Resource } from '../../api/resource.ts';
import type { Source } from '../../reactive/collection.ts';
import { Graph } from '../../reactive/graph.ts';
import { testRandom } from '../testing.ts';
import { POLICY_KINDS, poolPolicies, type PolicySources } from './policies.ts';
import type { PoolPolicies } from './pool-policies.ts';

type PolicyKind = (typeof POLICY_KINDS)[number];

const pool = { key: 'models/llama' };
const poolRef = { name: 'llama' };

function object(kind: PolicyKind, name: string, spec: object, created = ''): Resource {
  const { group, storageVersion, objectKind } = kindNamed(kind);
  const metadata = { name, namespace: 'models', ...(created !== '' && { creationTimestamp: `${created}T00:00:00Z` }) };
  const { resource, problems } = decode({ apiVersion: `${group}/${storageVersion}`, kind: objectKind, metadata, spec: { poolRef, ...spec } }, { file: '', line: 0 }, { from: 'server' });
  assert.deepEqual(problems, []);
  assert.equal(resource?.kind, kind);
  return resource;
}

const objective = (name: string, spec: object) => object('InferenceObjective', name, spec);
const rewrite = (name: string, rules: readonly object[], created = '') => object('InferenceModelRewrite', name, { rules }, created);
const to = (modelRewrite: string, weight?: number): object => ({ modelRewrite, ...(weight !== undefined && { weight }) });
const when = (...models: readonly string[]): object => ({ matches: models.map((value) => ({ model: { value } })) });

class World {
  readonly graph = new Graph();
  readonly pools = this.graph.source<{ readonly key: string }>('pools');
  readonly sources = Object.fromEntries(POLICY_KINDS.map((kind) => [kind, this.graph.source(kind)])) as unknown as Record<KindName, Source<Resource>>;
  readonly found = poolPolicies(this.graph, this.pools, this.sources as unknown as PolicySources);
  readonly told: string[][] = [];

  constructor(...objects: readonly Resource[]) {
    this.found.subscribe((changes) => this.told.push([...changes.keys()]));
    this.pools.set(pool.key, pool);
    this.set(...objects);
  }

  set(...objects: readonly Resource[]): this {
    for (const one of objects) this.sources[one.kind as KindName].set(one.key, one);
    this.graph.settle();
    return this;
  }

  get policies(): PoolPolicies {
    const found = this.found.get(pool.key);
    assert.ok(found !== undefined);
    return found;
  }
}

/** How many of 10,000 requests for a model go to each target, in percent. */
function spread(policies: PoolPolicies, model: string): Record<string, number> {
  const random = testRandom(7);
  const counts: Record<string, number> = {};
  for (let i = 0; i < 10_000; i++) {
    const { target, version } = policies.rewrite(model, random);
    const key = version === undefined ? target : `${target}@${version}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(counts).map(([key, count]) => [key, Math.round(count / 100)]));
}

/** Where all requests for a model go. */
function target(policies: PoolPolicies, model: string): string {
  return policies.rewrite(model, () => 0).target;
}

describe('the priority of a request is', () => {
  const { policies } = new World(
    objective('batch', { priority: -5 }),
    objective('plain', {}),
    object('XInferenceObjective', 'former', { priority: 7 }),
    object('XInferenceObjective', 'batch', { priority: 9 }),
    object('InferenceObjective', 'elsewhere', { poolRef: { name: 'other' }, priority: 3 }),
    object('InferenceModel', 'chat', { modelName: 'chat', criticality: 'Critical' }),
    object('InferenceModel', 'tests', { modelName: 'tests', criticality: 'Sheddable' }),
    object('InferenceModel', 'unsaid', { modelName: 'unsaid' }),
    object('RoutedInferenceModel', 'llama2-7b', { routing: { priority: 'high' } }),
  );
  const cases: readonly (readonly [string, string | undefined, string, number])[] = [
    ['that of the objective that it names', 'batch', '', -5],
    ['0 where the objective has none', 'plain', 'chat', 0],
    ['that of an objective of the former group', 'former', '', 7],
    ['0 without an objective', undefined, '', 0],
    ['0 with one that does not exist', 'nobody', '', 0],
    ['0 with one of another pool', 'elsewhere', '', 0],
    ['that of its model', undefined, 'chat', 100],
    ['below 0 for a model that may be shed', undefined, 'tests', -10],
    ['0 for a model of which nobody says it', undefined, 'unsaid', 0],
    ['that of the routing of its model', undefined, 'llama2-7b', 100],
    ['that of its objective before that of its model', 'batch', 'chat', -5],
    ['that of its model where the objective does not exist', 'nobody', 'chat', 100],
  ];
  for (const [name, named, model, expected] of cases) test(name, () => assert.equal(policies.priorityOf(named, model), expected));
});

describe('a request for a model', () => {
  test('that nobody speaks of is for that model', () => assert.deepEqual(new World().policies.rewrite('m', () => 0), { target: 'm' }));

  test('goes by the rule that names it before one for all, which may come first', () => {
    const { policies } = new World(rewrite('old', [{ targets: [to('all')] }, { ...when('n', 'm'), targets: [to('named')] }]));
    assert.deepEqual(policies.rewrite('m', () => 0), { target: 'named', rule: 'InferenceModelRewrite models/old spec.rules[1]' });
    assert.equal(target(policies, 'x'), 'all');
  });

  test('goes by the oldest object, and in it by the first rule', () => {
    const { policies } = new World(
      rewrite('a', [{ ...when('m'), targets: [to('young')] }, { targets: [to('young')] }], '2026-02-01'),
      rewrite('z', [{ ...when('m'), targets: [to('old')] }, { ...when('m'), targets: [to('second')] }, { targets: [to('old for all')] }], '2026-01-01'),
    );
    assert.deepEqual([target(policies, 'm'), target(policies, 'x')], ['old', 'old for all']);
  });

  test('goes by the first name where objects have no age', () => {
    assert.equal(target(new World(rewrite('b', [{ targets: [to('b')] }]), rewrite('a', [{ targets: [to('a')] }])).policies, 'm'), 'a');
  });

  test('keeps its model with a rule that has no targets, which shields it from other rules', () => {
    const { policies } = new World(rewrite('a', [when('m'), { targets: [to('all')] }]));
    assert.deepEqual([target(policies, 'm'), target(policies, 'x')], ['m', 'all']);
  });

  test('goes by the rewrite of the present group where one of that name is in both', () => {
    const former = object('XInferenceModelRewrite', 'a', { rules: [{ targets: [to('former')] }] });
    assert.equal(target(new World(former).policies, 'm'), 'former');
    assert.equal(target(new World(former, rewrite('a', [{ targets: [to('present')] }])).policies, 'm'), 'present');
  });

  test('goes by its InferenceModel before a rule for all, and after one that names it', () => {
    const model = object('InferenceModel', 'm', { modelName: 'm', targetModels: [{ name: 'adapter' }] });
    const { policies } = new World(model, rewrite('r', [{ targets: [to('all')] }]));
    assert.deepEqual(policies.rewrite('m', () => 0), { target: 'adapter', rule: 'InferenceModel models/m' });
    assert.equal(target(new World(model, rewrite('r', [{ ...when('m'), targets: [to('named')] }])).policies, 'm'), 'named');
  });

  test('goes by the oldest of several InferenceModels', () => {
    const model = (name: string, created: string) => object('InferenceModel', name, { modelName: 'm', criticality: name === 'old' ? 'Sheddable' : 'Critical', targetModels: [{ name }] }, created);
    const { policies } = new World(model('young', '2026-02-01'), model('old', '2026-01-01'));
    assert.deepEqual([target(policies, 'm'), policies.priorityOf(undefined, 'm')], ['old', -10]);
  });
});

describe('shares are', () => {
  const of = (...targets: readonly object[]) => spread(new World(rewrite('r', [{ targets }])).policies, 'm');
  test('by weight', () => assert.deepEqual(of(to('a', 90), to('b', 10)), { a: 90, b: 10 }));
  test('even without weights', () => assert.deepEqual(of(to('a'), to('b')), { a: 50, b: 50 }));
  test('none for targets without one where others have some', () => assert.deepEqual(of(to('a'), to('b', 1)), { b: 100 }));
  test('by weight between versions of servers', () => {
    const routing = { trafficSplit: [{ weight: 90, version: 'stable' }, { weight: 10, version: 'canary' }, { weight: 0, version: 'none' }] };
    const { policies } = new World(object('RoutedInferenceModel', 'llama2-7b', { routing }));
    assert.deepEqual(spread(policies, 'llama2-7b'), { 'llama2-7b@stable': 90, 'llama2-7b@canary': 10 });
    assert.deepEqual(spread(policies, 'other'), { other: 100 });
  });
});

test('an object that comes, changes or goes costs its pool, and nothing that makes no difference does', () => {
  const world = new World(objective('a', { priority: 1 }));
  world.pools.set('models/other', { key: 'models/other' });
  world.set(object('InferenceObjective', 'b', { poolRef: { name: 'other' }, priority: 2 }));
  world.set(object('InferenceObjective', 'a', { priority: 1 }, '2026-01-01'));
  world.set(objective('a', { priority: 2 }));
  world.sources.InferenceObjective.delete('models/b');
  world.graph.settle();
  assert.deepEqual(world.told, [[pool.key], ['models/other'], [pool.key], ['models/other']]);
});

test('precedence is that of walking through all rules', () => {
  const models = ['a', 'b', 'c'];
  const rule = fc.record({ matches: fc.uniqueArray(fc.constantFrom(...models), { maxLength: 2 }) });
  const written = fc.record({ age: fc.integer({ min: 1, max: 3 }), rules: fc.array(rule, { maxLength: 3 }) });
  fc.assert(fc.property(fc.array(written, { maxLength: 4 }), (objects) => {
    const all = objects.map(({ age, rules }, i) => ({ name: `r${i}`, created: `2026-01-0${age}`, rules }));
    const world = new World(...all.map(({ name, created, rules }) => rewrite(name, rules.map(({ matches }, at) => ({ ...when(...matches), targets: [to(`${name}-${at}`)] })), created)));
    const inOrder = all.toSorted((a, b) => a.created.localeCompare(b.created) || a.name.localeCompare(b.name)).flatMap(({ name, rules }) => rules.map(({ matches }, at) => ({ matches, target: `${name}-${at}` })));
    for (const model of models) {
      const wanted = inOrder.find(({ matches }) => matches.includes(model)) ?? inOrder.find(({ matches }) => matches.length === 0);
      assert.equal(target(world.policies, model), wanted?.target ?? model);
    }
  }));
});
