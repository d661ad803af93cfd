import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { fieldsOf, listOf, type Fields } from './fields.ts';
import { merge } from './merge.ts';

const ours = 'gateway.envoyproxy.io/gatewayclass-controller';
const theirs = 'example.com/other';
const early = '2026-01-01T00:00:00Z';
const late = '2026-02-02T10:20:30Z';
const context = { controllerNames: [ours], now: new Date('2026-02-02T10:20:30.456Z') };

function condition(type: string, status: string, rest: object = {}): Fields {
  return { type, status, reason: 'Because', message: 'so it is', observedGeneration: 1, ...rest };
}

function at(time: string, fields: Fields): Fields {
  return { ...fields, lastTransitionTime: time };
}

function parent(name: string, conditions: readonly Fields[], rest: object = {}): Fields {
  return { parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name }, controllerName: ours, conditions, ...rest };
}

/** As InferencePool v1alpha2 has parents. */
function unsigned(name: string, conditions: readonly Fields[]): Fields {
  const { controllerName: _, ...entry } = parent(name, conditions);
  return entry;
}

function author(controllerName: string): Fields {
  return condition('moongate.dev/Author', 'True', { reason: 'Written', message: controllerName });
}

const accepted = condition('Accepted', 'True');
const refused = condition('Accepted', 'False');
const foreign = parent('web', [at(early, refused)], { controllerName: theirs });

/** What was observed, what is wanted, what has to be written: undefined is nothing. */
type Case = readonly [sentence: string, kind: string, observed: Fields | undefined, wanted: Fields | undefined, expected: Fields | undefined];

const cases: readonly Case[] = [
  ['a route without a status gets one', 'HTTPRoute', undefined, { parents: [parent('web', [accepted])] }, { parents: [parent('web', [at(late, accepted)])] }],
  ['what is there already is not written, whenever it changed', 'HTTPRoute', { parents: [parent('web', [at(early, accepted)])] }, { parents: [parent('web', [accepted])] }, undefined],
  [
    'the order of conditions and of parents is no difference',
    'HTTPRoute',
    { parents: [parent('b', [at(early, accepted)]), parent('a', [at(early, condition('ResolvedRefs', 'True')), at(early, accepted)])] },
    { parents: [parent('a', [accepted, condition('ResolvedRefs', 'True')]), parent('b', [accepted])] },
    undefined,
  ],
  [
    'defaults that the API server adds to a reference are no difference',
    'GRPCRoute',
    { parents: [parent('web', [at(early, accepted)])] },
    { parents: [{ ...parent('web', [accepted]), parentRef: { name: 'web' } }] },
    undefined,
  ],
  [
    'a time stays while the status stays, although the generation moves on',
    'HTTPRoute',
    { parents: [parent('web', [at(early, accepted)])] },
    { parents: [parent('web', [condition('Accepted', 'True', { observedGeneration: 2, message: 'still' })])] },
    { parents: [parent('web', [at(early, condition('Accepted', 'True', { observedGeneration: 2, message: 'still' }))])] },
  ],
  ['a time moves when the status does', 'HTTPRoute', { parents: [parent('web', [at(early, accepted)])] }, { parents: [parent('web', [refused])] }, { parents: [parent('web', [at(late, refused)])] }],
  [
    'a condition of ours that is no longer wanted goes',
    'HTTPRoute',
    { parents: [parent('web', [at(early, accepted), at(early, condition('PartiallyInvalid', 'True'))])] },
    { parents: [parent('web', [accepted])] },
    { parents: [parent('web', [at(early, accepted)])] },
  ],
  [
    'entries of other controllers stay as and where they are, for the same parent too',
    'HTTPRoute',
    { parents: [parent('old', [at(early, accepted)]), foreign, parent('web', [at(early, accepted)])] },
    { parents: [parent('web', [refused]), parent('new', [accepted])] },
    { parents: [foreign, parent('web', [at(late, refused)]), parent('new', [at(late, accepted)])] },
  ],
  [
    'parents that differ in section or port are different ones',
    'HTTPRoute',
    { parents: [parent('web', [at(early, accepted)])] },
    { parents: [{ ...parent('web', [accepted]), parentRef: { name: 'web', sectionName: 'https' } }] },
    { parents: [{ ...parent('web', [at(late, accepted)]), parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web', sectionName: 'https' } }] },
  ],
  ['an entry that is there twice is left once', 'HTTPRoute', { parents: [parent('web', [at(early, accepted)]), parent('web', [at(early, accepted)])] }, { parents: [parent('web', [accepted])] }, { parents: [parent('web', [at(early, accepted)])] }],
  ['a route that is no longer ours loses our parents, and the list stays', 'TCPRoute', { parents: [parent('web', [at(early, accepted)])] }, undefined, { parents: [] }],
  ['a route that is no longer ours keeps the parents of others', 'HTTPRoute', { parents: [foreign, parent('web', [at(early, accepted)])] }, undefined, { parents: [foreign] }],
  ['a route of others is none of our business', 'HTTPRoute', { parents: [foreign] }, undefined, undefined],
  ['a route that nobody wrote to gets no empty list', 'HTTPRoute', undefined, { parents: [] }, undefined],
  [
    'a policy has ancestors in the same way',
    'SecurityPolicy',
    { ancestors: [{ ancestorRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }, controllerName: theirs, conditions: [at(early, accepted)] }] },
    { ancestors: [{ ancestorRef: { name: 'web', namespace: 'a' }, controllerName: ours, conditions: [refused] }] },
    {
      ancestors: [
        { ancestorRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }, controllerName: theirs, conditions: [at(early, accepted)] },
        { ancestorRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web', namespace: 'a' }, controllerName: ours, conditions: [at(late, refused)] },
      ],
    },
  ],
  [
    'a pool of v1alpha2 has no place for the name of a controller: a condition says it, and the placeholder of the API server goes',
    'XInferencePool',
    { parent: [{ parentRef: { kind: 'Status', name: 'default' }, conditions: [at('1970-01-01T00:00:00Z', condition('Accepted', 'Unknown', { reason: 'Pending' }))] }] },
    { parent: [parent('web', [accepted])] },
    { parent: [unsigned('web', [at(late, accepted), at(late, author(ours))])] },
  ],
  [
    'there, too, parents of others stay, ours are known again, and go when they are not wanted',
    'XInferencePool',
    { parent: [unsigned('a', [at(early, accepted), at(early, author(ours))]), unsigned('b', [at(early, refused)]), unsigned('c', [at(early, accepted), at(early, author(theirs))]), unsigned('d', [at(early, accepted), at(early, author(ours))])] },
    { parent: [parent('d', [accepted])] },
    { parent: [unsigned('b', [at(early, refused)]), unsigned('c', [at(early, accepted), at(early, author(theirs))]), unsigned('d', [at(early, accepted), at(early, author(ours))])] },
  ],
  [
    'a pool with a deployment says what became of it, before any route leads there',
    'DeployedInferencePool',
    { conditions: [at(early, condition('Example', 'True'))] },
    { conditions: [condition('Deployed', 'True')], parents: [] },
    { conditions: [at(early, condition('Example', 'True')), at(late, condition('Deployed', 'True'))] },
  ],
  [
    'and beside its parents afterwards',
    'DeployedInferencePool',
    { conditions: [at(early, condition('Deployed', 'True'))], parents: [foreign] },
    { conditions: [condition('Deployed', 'True')], parents: [parent('web', [accepted])] },
    { conditions: [at(early, condition('Deployed', 'True'))], parents: [foreign, parent('web', [at(late, accepted)])] },
  ],
  ['a pool of v1alpha2 of others is left alone', 'XInferencePool', { parent: [unsigned('web', [at(early, accepted)])] }, undefined, undefined],
  [
    'a Gateway keeps conditions of types that we do not know, and loses those that we do',
    'Gateway',
    { conditions: [at(early, condition('Example', 'True')), at(early, condition('InsecureFrontendValidationMode', 'True')), at(early, accepted)] },
    { conditions: [accepted, condition('Programmed', 'False')] },
    { conditions: [at(early, condition('Example', 'True')), at(early, accepted), at(late, condition('Programmed', 'False'))] },
  ],
  [
    'the defaults of the CRD are replaced, and their time, which never was, too',
    'Gateway',
    { conditions: [at('1970-01-01T00:00:00Z', condition('Accepted', 'Unknown', { reason: 'Pending', message: 'Waiting for controller' }))] },
    { conditions: [condition('Accepted', 'Unknown', { reason: 'Pending', message: 'no class' })] },
    { conditions: [at(late, condition('Accepted', 'Unknown', { reason: 'Pending', message: 'no class' }))] },
  ],
  [
    'listeners are known by name: times stay, ones that are gone go, addresses are replaced',
    'Gateway',
    {
      conditions: [at(early, accepted)],
      addresses: [{ type: 'IPAddress', value: '10.0.0.1' }],
      listeners: [
        { name: 'gone', attachedRoutes: 1, supportedKinds: [], conditions: [at(early, accepted)] },
        { name: 'http', attachedRoutes: 1, supportedKinds: [], conditions: [at(early, accepted), at(early, condition('Example', 'True')), at(early, condition('OverlappingTLSConfig', 'True'))] },
      ],
    },
    {
      conditions: [accepted],
      addresses: [{ type: 'IPAddress', value: '10.0.0.2' }],
      attachedListenerSets: 2,
      listeners: [
        { name: 'http', attachedRoutes: 2, supportedKinds: [], conditions: [accepted] },
        { name: 'new', attachedRoutes: 0, supportedKinds: [], conditions: [refused] },
      ],
    },
    {
      conditions: [at(early, accepted)],
      addresses: [{ type: 'IPAddress', value: '10.0.0.2' }],
      attachedListenerSets: 2,
      listeners: [
        { name: 'http', attachedRoutes: 2, supportedKinds: [], conditions: [at(early, accepted), at(early, condition('Example', 'True'))] },
        { name: 'new', attachedRoutes: 0, supportedKinds: [], conditions: [at(late, refused)] },
      ],
    },
  ],
  [
    'what a Gateway had while it was served goes when it is not, and what we do not know stays',
    'Gateway',
    { conditions: [at(early, accepted)], addresses: [{ type: 'IPAddress', value: '10.0.0.1' }], listeners: [], attachedListenerSets: 1, other: 1 },
    { conditions: [accepted] },
    { conditions: [at(early, accepted)], other: 1 },
  ],
  ['a Gateway that is no longer ours is left alone', 'Gateway', { conditions: [at(early, accepted)] }, undefined, undefined],
  ['a GatewayClass that is no longer ours is left alone', 'GatewayClass', { conditions: [at(early, accepted)] }, undefined, undefined],
  [
    'features are sorted by name',
    'GatewayClass',
    { conditions: [at(early, accepted)] },
    { conditions: [accepted], supportedFeatures: [{ name: 'HTTPRoute' }, { name: 'Gateway' }] },
    { conditions: [at(early, accepted)], supportedFeatures: [{ name: 'Gateway' }, { name: 'HTTPRoute' }] },
  ],
  [
    'a ListenerSet has conditions and listeners',
    'ListenerSet',
    undefined,
    { conditions: [accepted], listeners: [{ name: 'a', attachedRoutes: 0, conditions: [accepted] }] },
    { conditions: [at(late, accepted)], listeners: [{ name: 'a', attachedRoutes: 0, conditions: [at(late, accepted)] }] },
  ],
  ['a kind without a status of ours is never written', 'Service', undefined, { conditions: [accepted] }, undefined],
  ['a status of a wrong shape is replaced', 'HTTPRoute', { parents: 'none' }, { parents: [parent('web', [accepted])] }, { parents: [parent('web', [at(late, accepted)])] }],
];

describe('merging statuses', () => {
  for (const [sentence, kind, observed, wanted, expected] of cases) {
    test(sentence, () => {
      assert.deepEqual(merge(kind, { observed, wanted }, context), expected);
    });
    test(`and what is written is not written again: ${sentence}`, () => {
      assert.equal(merge(kind, { observed: expected ?? observed, wanted }, context), undefined);
    });
  }

  test('entries under all of our names are ours', () => {
    const renamed = parent('web', [at(early, accepted)], { controllerName: 'old/name' });
    const merged = merge('HTTPRoute', { observed: { parents: [renamed] }, wanted: { parents: [parent('web', [accepted])] } }, { ...context, controllerNames: [ours, 'old/name'] });
    assert.deepEqual(merged, { parents: [parent('web', [at(late, accepted)])] });
  });

  test('our parents are cut to what room the others leave, and the last says so', () => {
    const others = Array.from({ length: 30 }, (_, i) => parent(`other-${i}`, [at(early, accepted)], { controllerName: theirs }));
    const merged = merge('HTTPRoute', { observed: { parents: others }, wanted: { parents: ['a', 'b', 'c'].map((name) => parent(name, [accepted])) } }, context);
    const parents = listOf(merged?.['parents']).map(fieldsOf);
    assert.deepEqual(parents.slice(0, 30), others);
    assert.deepEqual(parents.slice(30).map(({ parentRef }) => (parentRef as Fields)['name']), ['a', 'b']);
    assert.deepEqual(listOf(parents[31]?.['conditions'])[1], {
      type: 'Aggregated',
      status: 'True',
      reason: 'Aggregated',
      message: 'Parents are left out: the status has room for 32 route parents, and 1 of ours are more',
      observedGeneration: 1,
      lastTransitionTime: late,
    });
  });

  test('where others leave no room there is nothing to write', () => {
    const others = Array.from({ length: 16 }, () => ({ ancestorRef: { name: 'x' }, controllerName: theirs, conditions: [] }));
    const wanted = { ancestors: [{ ancestorRef: { name: 'web' }, controllerName: ours, conditions: [accepted] }] };
    assert.equal(merge('SecurityPolicy', { observed: { ancestors: others }, wanted }, context), undefined);
  });

  test('addresses beyond sixteen are left out', () => {
    const addresses = Array.from({ length: 20 }, (_, i) => ({ type: 'IPAddress', value: `10.0.0.${i}` }));
    const merged = merge('Gateway', { observed: undefined, wanted: { conditions: [], addresses } }, context);
    assert.deepEqual(merged?.['addresses'], addresses.slice(0, 16));
  });

  test('a message is cut to 32 KiB, between characters', () => {
    const merged = merge('HTTPRoute', { observed: undefined, wanted: { parents: [parent('web', [condition('Accepted', 'False', { message: 'é'.repeat(20_000) })])] } }, context);
    const [entry] = listOf(merged?.['parents']);
    const [cut] = listOf(fieldsOf(entry)['conditions']);
    assert.equal(fieldsOf(cut)['message'], `${'é'.repeat(16_382)}…`);
  });
});
