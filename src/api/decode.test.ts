import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import type { Document } from 'yaml';
import { decode } from './decode.ts';
import type { DecodeOptions } from './decode.ts';
import { KINDS, apiVersionOf, isKind } from './kinds.ts';
import type { KindName, ResourceOf } from './kinds.ts';
import type { Problem } from './problem.ts';
import { MAX_DEPTH, MAX_OBJECT_BYTES } from './size.ts';

const ORIGIN = { file: 'test.yaml', line: 1 };

function resource<Name extends KindName>(kind: Name, value: unknown, options: DecodeOptions = {}): ResourceOf<Name> {
  const { resource: found, problems } = decode(value, ORIGIN, options);
  assert.deepEqual(problems.filter(({ severity }) => severity === 'error'), []);
  assert.ok(found !== undefined && isKind(found, kind));
  return found;
}

function problemsOf(value: unknown, options: DecodeOptions = {}): readonly Problem[] {
  return decode(value, ORIGIN, options).problems;
}

function gateway(change: object = {}, metadata: object = {}): object {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'gateway', ...metadata },
    spec: { gatewayClassName: 'moongate', listeners: [{ name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'cert' }] } }], ...change },
  };
}

function route(rule: object = {}, metadata: object = {}): object {
  return { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name: 'route', ...metadata }, spec: { rules: [rule] } };
}

describe('defaults', () => {
  test('are added inside of objects that exist, at every level', () => {
    const [listener] = resource('Gateway', gateway()).object.spec.listeners;
    assert.deepEqual(listener, {
      allowedRoutes: { namespaces: { from: 'Same' } },
      name: 'https',
      port: 443,
      protocol: 'HTTPS',
      tls: { certificateRefs: [{ group: '', kind: 'Secret', name: 'cert' }], mode: 'Terminate' },
    });
  });

  test('hold defaults of their own', () => {
    const [rule] = resource('HTTPRoute', route()).object.spec.rules;
    assert.deepEqual(rule?.matches, [{ path: { type: 'PathPrefix', value: '/' } }]);
  });

  test('take the place of null, and null without a default is as good as absent', () => {
    const { object } = resource('Gateway', gateway({ addresses: null, listeners: [{ name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: null }] }));
    assert.equal(Object.hasOwn(object.spec, 'addresses'), false);
    assert.deepEqual(object.spec.listeners[0]?.allowedRoutes, { namespaces: { from: 'Same' } });
  });

  test('of Secrets put text among the data', () => {
    const { object } = resource('Secret', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, data: { a: 'eA==', b: 'eA==' }, stringData: { b: 'é' } });
    assert.deepEqual([object.data, object.stringData, object.type], [{ a: 'eA==', b: 'w6k=' }, undefined, 'Opaque']);
  });
});

describe('metadata', () => {
  test('says default where a namespaced object names no namespace, and nothing for the others', () => {
    assert.equal(resource('Gateway', gateway()).key, 'default/gateway');
    assert.equal(resource('Gateway', gateway({}, { namespace: 'x' })).key, 'x/gateway');
    const classes = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass', metadata: { name: 'a', namespace: 'x' }, spec: { controllerName: 'a.com/b' } };
    assert.deepEqual([resource('GatewayClass', classes).key, resource('GatewayClass', classes).metadata.namespace], ['a', '']);
  });

  test('of a file holds nothing that an API server would have counted', () => {
    const written = { labels: { a: 'b' }, uid: 'u', resourceVersion: '5', generation: 7, creationTimestamp: '2026-01-01T00:00:00Z', managedFields: [{ manager: 'x' }] };
    const { metadata, object } = resource('Gateway', gateway({}, written));
    assert.deepEqual(metadata, { name: 'gateway', namespace: 'default', labels: { a: 'b' }, annotations: {}, creationTimestamp: '', generation: 1 });
    assert.deepEqual(object.metadata, { labels: { a: 'b' }, name: 'gateway', namespace: 'default' });
  });

  test('of a server is kept, but for managed fields', () => {
    const written = { uid: 'u', resourceVersion: '5', generation: 7, creationTimestamp: '2026-01-01T00:00:00Z', managedFields: [{ manager: 'x', fieldsV1: { 'f:a': {} } }] };
    const { metadata, object } = resource('Gateway', gateway({}, written), { from: 'server' });
    assert.deepEqual([metadata.generation, metadata.creationTimestamp], [7, '2026-01-01T00:00:00Z']);
    assert.deepEqual([object.metadata.uid, object.metadata.resourceVersion, object.metadata.managedFields], ['u', '5', undefined]);
  });
});

describe('generation and version', () => {
  const first = resource('Gateway', gateway());

  test('stay when nothing changes, whatever the order of fields', () => {
    const { spec, ...rest } = gateway() as { spec: object };
    const again = resource('Gateway', { spec: Object.fromEntries(Object.entries(spec).toReversed()), ...rest }, { previous: first });
    assert.deepEqual([again.version, again.metadata.generation], [first.version, 1]);
  });

  test('change with the spec', () => {
    const changed = resource('Gateway', gateway({ gatewayClassName: 'other' }), { previous: first });
    assert.notEqual(changed.version, first.version);
    assert.equal(changed.metadata.generation, 2);
    assert.equal(resource('Gateway', gateway(), { previous: changed }).metadata.generation, 3);
  });

  test('with a label only the version changes, with a status neither', () => {
    const labelled = resource('Gateway', gateway({}, { labels: { a: 'b' } }), { previous: first });
    assert.notEqual(labelled.version, first.version);
    assert.equal(labelled.metadata.generation, 1);
    const status = { conditions: [{ type: 'Accepted', status: 'True', reason: 'Accepted', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }] };
    const [without, reported] = [gateway(), { ...gateway(), status }].map((value) => resource('Gateway', value, { from: 'server' }));
    assert.equal(reported?.version, without?.version);
    assert.deepEqual(reported?.object.status, status);
  });
});

describe('a Pod', () => {
  const pod = (status: object, spec: object = {}): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'vllm-0', namespace: 'models', deletionTimestamp: '2026-11-25T10:00:00Z', managedFields: [{ manager: 'kubelet' }] },
    spec: { containers: [{ name: 'vllm', image: 'vllm:1', env: [{ name: 'TOKEN', value: 'secret' }] }], nodeName: 'gpu-1', ...spec },
    status: { containerStatuses: [{ name: 'vllm', restartCount: 3 }], phase: 'Running', podIP: '10.0.0.7', podIPs: [{ ip: '10.0.0.7' }], ...status },
  });

  test('of a server is read for its status, and the bulk of it is not kept', () => {
    const ready = pod({ conditions: [{ type: 'Ready', status: 'True', lastProbeTime: null, lastTransitionTime: '2026-11-25T09:00:00Z', message: 'm'.repeat(1000) }] });
    assert.deepEqual(resource('Pod', ready, { from: 'server' }).object, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { deletionTimestamp: '2026-11-25T10:00:00Z', name: 'vllm-0', namespace: 'models' },
      spec: { nodeName: 'gpu-1' },
      status: { conditions: [{ status: 'True', type: 'Ready' }], phase: 'Running', podIP: '10.0.0.7', podIPs: [{ ip: '10.0.0.7' }] },
    });
  });

  test('is another version when its status says something else, not when fields differ that are not kept', () => {
    const versionOf = (value: object): string => resource('Pod', value, { from: 'server' }).version;
    const ready = versionOf(pod({ conditions: [{ type: 'Ready', status: 'True' }] }));
    assert.equal(versionOf(pod({ conditions: [{ type: 'Ready', status: 'True', lastProbeTime: '2026-11-25T09:00:00Z' }], hostIP: '10.1.1.1' })), ready);
    assert.notEqual(versionOf(pod({ conditions: [{ type: 'Ready', status: 'False' }] })), ready);
  });

  test('of a user is left alone, as all that starts processes', () => {
    const message = 'Pod is not run here; name the addresses of what runs elsewhere in an EndpointSlice (discovery.k8s.io/v1) or a Backend (gateway.envoyproxy.io/v1alpha1)';
    assert.deepEqual(decode(pod({}), ORIGIN), { resource: undefined, problems: [{ severity: 'warning', field: 'kind', message }] });
  });
});

describe('what cannot be decoded says why', () => {
  const cases: readonly (readonly [name: string, value: unknown, problem: Problem])[] = [
    ['no object', 'hello', { severity: 'error', field: '', message: 'is no object' }],
    ['no kind', { apiVersion: 'v1' }, { severity: 'error', field: 'kind', message: 'kind not set' }],
    ['no version', { kind: 'Service' }, { severity: 'error', field: 'apiVersion', message: 'apiVersion not set' }],
    ['an unknown kind', { apiVersion: 'a.com/v1', kind: 'Foo' }, { severity: 'error', field: 'kind', message: 'no matches for kind "Foo" in version "a.com/v1"' }],
    [
      'an unknown version',
      { apiVersion: 'gateway.networking.k8s.io/v2', kind: 'Gateway' },
      {
        severity: 'error', field: 'apiVersion',
        message: 'no matches for kind "Gateway" in version "gateway.networking.k8s.io/v2"; known are gateway.networking.k8s.io/v1, gateway.networking.k8s.io/v1beta1',
      },
    ],
    [
      'a workload',
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' } },
      {
        severity: 'warning', field: 'kind',
        message: 'Deployment is not run here; name the addresses of what runs elsewhere in an EndpointSlice (discovery.k8s.io/v1) or a Backend (gateway.envoyproxy.io/v1alpha1)',
      },
    ],
    ['a kind without meaning', { apiVersion: 'v1', kind: 'ServiceAccount' }, { severity: 'warning', field: 'kind', message: 'ServiceAccount is ignored, it means nothing to a gateway' }],
    ['a kind in the group of another', { apiVersion: 'v1', kind: 'Gateway' }, { severity: 'warning', field: 'kind', message: 'Gateway is ignored, it means nothing to a gateway' }],
  ];
  for (const [name, value, problem] of cases) test(name, () => assert.deepEqual(decode(value, ORIGIN), { resource: undefined, problems: [problem] }));

  test('an unknown field keeps an object of a user out, and an object of a server in', () => {
    const value = gateway({ foo: 1 });
    assert.deepEqual(problemsOf(value), [{ severity: 'error', field: 'spec.foo', message: 'unknown field "spec.foo"' }]);
    assert.equal(Object.hasOwn(resource('Gateway', value, { from: 'server' }).object.spec, 'foo'), false);
  });

  test('an object that is too large', () => {
    const value = gateway({}, { annotations: { a: 'x'.repeat(MAX_OBJECT_BYTES) } });
    assert.deepEqual(problemsOf(value), [{ severity: 'error', field: '', message: 'Request entity too large: limit is 1572864' }]);
  });

  test('an object that is too deep, and one that contains itself', () => {
    const problem = { severity: 'error', field: '', message: `exceeded max depth ${MAX_DEPTH}` };
    let deep: unknown = {};
    for (let i = 0; i < 100_000; i++) deep = { a: deep };
    const cycle: Record<string, unknown> = gateway() as Record<string, unknown>;
    cycle['spec'] = cycle;
    assert.deepEqual([problemsOf(deep), problemsOf(cycle)], [[problem], [problem]]);
  });

  test('an object whose aliases make it huge', () => {
    let value: unknown = 'lol';
    for (let i = 0; i < 50; i++) value = Array.from({ length: 10 }).fill(value);
    assert.deepEqual(problemsOf(gateway({ listeners: value })).map(({ message }) => message), ['Request entity too large: limit is 1572864']);
  });

  test('more than a hundred problems are counted', () => {
    const listeners = Array.from({ length: 150 }, (_, i) => ({ name: `l${i}`, port: 0, protocol: 'HTTP' }));
    const problems = problemsOf(gateway({ listeners }));
    assert.equal(problems.length, 101);
    assert.match(problems.at(-1)?.message ?? '', /^and 5\d more problems$/);
  });
});

test('a name that is a prototype stays a name', () => {
  const value: unknown = JSON.parse('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"constructor":"a","__proto__":"b"}}');
  const { data = {} } = resource('ConfigMap', value).object;
  assert.deepEqual(Object.entries(data), [['__proto__', 'b'], ['constructor', 'a']]);
  assert.equal(Object.getPrototypeOf(data), Object.prototype);
  assert.notEqual(resource('ConfigMap', value).version, resource('ConfigMap', { ...(value as object), data: { constructor: 'a' } }).version);
});

test('the value that is decoded is neither changed nor kept', () => {
  const value = gateway();
  const before = structuredClone(value);
  const { object } = resource('Gateway', deepFrozen(value));
  assert.deepEqual(value, before);
  assert.notEqual(object.spec.listeners, (value as { spec: { listeners: unknown } }).spec.listeners);
});

function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const one of Object.values(value)) deepFrozen(one);
  }
  return value;
}

test('every version that is served decodes to the storage version', () => {
  const versions = ['v1', 'v1beta1'].map((version) => resource('ReferenceGrant', {
    apiVersion: `gateway.networking.k8s.io/${version}`,
    kind: 'ReferenceGrant',
    metadata: { name: 'a' },
    spec: { from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'x' }], to: [{ group: '', kind: 'Service' }] },
  }));
  assert.deepEqual(versions.map(({ object }) => object.apiVersion), ['gateway.networking.k8s.io/v1beta1', 'gateway.networking.k8s.io/v1beta1']);
  assert.equal(versions[0]?.version, versions[1]?.version);
});

describe('manifests that users have', () => {
  const folder = join(import.meta.dirname, 'testdata/manifests');
  for (const file of readdirSync(folder).toSorted()) {
    const documents = parseAllDocuments(readFileSync(join(folder, file), 'utf8')) as Document[];
    test(file, () => {
      const decoded = documents.map((document) => decode(document.toJS(), { file, line: 1 }));
      assert.deepEqual(decoded.flatMap(({ problems }) => problems).filter(({ severity }) => severity === 'error'), []);
      assert.ok(decoded.some(({ resource: found }) => found !== undefined));
    });
    test(`${file} in every version of its kinds`, () => {
      const values = documents.map((document) => document.toJS() as { kind: string }).filter(({ kind }) => KINDS.has(kind));
      for (const value of values) {
        const kind = KINDS.get(value.kind);
        assert.ok(kind !== undefined);
        const decoded = kind.versions.map(({ name }) => decode({ ...value, apiVersion: apiVersionOf(kind, name) }, ORIGIN).resource?.version);
        assert.equal(new Set(decoded).size, 1);
        assert.notEqual(decoded[0], undefined);
      }
    });
  }
});

describe('no input makes it throw', () => {
  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withSparseArray: true, withTypedArray: true, withNullPrototype: true, withObjectString: true });

  test('whatever stands in the place of an object', () => {
    fc.assert(fc.property(anything, (value) => void decode(value, ORIGIN)));
  });

  test('whatever stands in the place of a part of an object', () => {
    const kinds = [...KINDS.values()].flatMap((kind) => kind.versions.map(({ name }) => ({ kind: kind.kind, apiVersion: apiVersionOf(kind, name) })));
    const property = fc.property(fc.constantFrom(...kinds), fc.dictionary(fc.constantFrom('metadata', 'spec', 'status', 'data', 'endpoints', 'ports', 'type', 'x'), anything), (type, parts) => {
      assert.ok(decode({ ...parts, ...type }, ORIGIN).problems.length >= 0);
    });
    fc.assert(property, { numRuns: 500 });
  });

  test('whatever stands in the place of a value of a route or Gateway', () => {
    const places = [
      (value: unknown) => route({ matches: [{ path: value }] }),
      (value: unknown) => route({ filters: [value], backendRefs: value as object }),
      (value: unknown) => route({ timeouts: value }),
      (value: unknown) => route({}, { labels: value, annotations: value, ownerReferences: value, finalizers: value }),
      (value: unknown) => gateway({ addresses: [value], infrastructure: value, tls: value }),
    ];
    fc.assert(fc.property(fc.constantFrom(...places), anything, (place, value) => void decode(place(value), ORIGIN)), { numRuns: 500 });
  });
});
