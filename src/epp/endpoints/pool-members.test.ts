import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode } from '../../api/decode.ts';
import { isKind, type KindName, type ResourceOf } from '../../api/kinds.ts';
import { Graph } from '../../reactive/graph.ts';
import { inferencePools, poolMembers, poolSpec, type PoolSpec } from './pool-members.ts';

const labels = { app: 'vllm' };
const spec: PoolSpec = { key: 'pool', namespace: 'models', matchLabels: labels, targetPorts: [8000] };

function decoded<Name extends KindName>(kind: Name, value: object): ResourceOf<Name> {
  const { resource, problems } = decode(value, { file: '', line: 0 }, { from: 'server' });
  assert.deepEqual(problems, []);
  assert.ok(resource !== undefined && isKind(resource, kind));
  return resource;
}

function pod(name: string, change: { readonly metadata?: object; readonly status?: object } = {}): ResourceOf<'Pod'> {
  const status = { podIP: '10.0.0.1', conditions: [{ type: 'Initialized', status: 'True' }, { type: 'Ready', status: 'True' }], ...change.status };
  return decoded('Pod', { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'models', labels, ...change.metadata }, status });
}

function slice(name: string, endpoints: readonly object[], change: { readonly metadata?: object; readonly addressType?: string } = {}): ResourceOf<'EndpointSlice'> {
  const metadata = { name, namespace: 'models', labels, ...change.metadata };
  return decoded('EndpointSlice', { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, addressType: change.addressType ?? 'IPv4', endpoints });
}

/** `name ip:port` of a pool's endpoints. */
function members(found: ReturnType<typeof poolMembers>, key = 'pool'): string[] {
  return (found.get(key) ?? []).map(({ name, ip, port }) => `${name} ${ip}:${port}`);
}

function ofPods(pods: readonly ResourceOf<'Pod'>[], pool: PoolSpec = spec): string[] {
  const graph = new Graph();
  const [pools, source] = [graph.source<PoolSpec>('pools'), graph.source<ResourceOf<'Pod'>>('pods')];
  const found = poolMembers(graph, pools, { pods: source });
  pools.set('pool', pool);
  for (const one of pods) source.set(one.key, one);
  graph.settle();
  return members(found);
}

function ofSlices(slices: readonly ResourceOf<'EndpointSlice'>[], pool: PoolSpec = spec): string[] {
  const graph = new Graph();
  const [pools, source] = [graph.source<PoolSpec>('pools'), graph.source<ResourceOf<'EndpointSlice'>>('slices')];
  const found = poolMembers(graph, pools, { slices: source });
  pools.set('pool', pool);
  for (const one of slices) source.set(one.key, one);
  graph.settle();
  return members(found);
}

describe('of Pods, the endpoints of a pool are', () => {
  const cases: readonly (readonly [string, Parameters<typeof pod>[1], readonly string[]])[] = [
    ['those that are ready', {}, ['models/a-rank-0 10.0.0.1:8000']],
    ['not those that are not ready', { status: { conditions: [{ type: 'Ready', status: 'False' }] } }, []],
    ['not those of which nobody knows', { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } }, []],
    ['not those without a condition', { status: { conditions: [] } }, []],
    ['not those that are being deleted', { metadata: { deletionTimestamp: '2026-11-25T10:00:00Z' } }, []],
    ['not those without an address', { status: { podIP: '' } }, []],
    ['not those of another namespace', { metadata: { namespace: 'other' } }, []],
    ['not those with another label', { metadata: { labels: { app: 'sglang' } } }, []],
    ['those with further labels', { metadata: { labels: { ...labels, role: 'decode' } } }, ['models/a-rank-0 10.0.0.1:8000']],
  ];
  for (const [name, change, expected] of cases) test(name, () => assert.deepEqual(ofPods([pod('a', change)]), expected));

  test('those with all labels that are asked for', () => {
    const strict = { ...spec, matchLabels: { app: 'vllm', model: 'm' } };
    assert.deepEqual(ofPods([pod('a'), pod('b', { metadata: { labels: { app: 'vllm', model: 'm' } }, status: { podIP: '10.0.0.2' } })], strict), ['models/b-rank-0 10.0.0.2:8000']);
  });

  test('one for each port', () => {
    assert.deepEqual(ofPods([pod('a')], { ...spec, targetPorts: [8000, 8001] }), ['models/a-rank-0 10.0.0.1:8000', 'models/a-rank-1 10.0.0.1:8001']);
  });

  test('none without labels to look for', () => assert.deepEqual(ofPods([pod('a')], { ...spec, matchLabels: {} }), []));

  test('one for an address that two Pods have', () => assert.deepEqual(ofPods([pod('a'), pod('b')]), ['models/a-rank-0 10.0.0.1:8000']));
});

describe('an annotation', () => {
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[]])[] = [
    ['restricts ports, which keep their ranks', { 'llm-d.ai/active-ports': '8001, 8002' }, ['models/a-rank-1 10.0.0.1:8001', 'models/a-rank-2 10.0.0.1:8002']],
    ['may have its former name', { 'inference.networking.k8s.io/active-ports': '8000' }, ['models/a-rank-0 10.0.0.1:8000']],
    ['counts before that of the former name', { 'llm-d.ai/active-ports': '8001', 'inference.networking.k8s.io/active-ports': '8000' }, ['models/a-rank-1 10.0.0.1:8001']],
    ['adds no port that the pool does not have', { 'llm-d.ai/active-ports': '9000,8001' }, ['models/a-rank-1 10.0.0.1:8001']],
    ['with nonsense in it is good for the rest', { 'llm-d.ai/active-ports': 'x,,-1,8001abc,8002' }, ['models/a-rank-2 10.0.0.1:8002']],
    ['that is empty leaves no port', { 'llm-d.ai/active-ports': '' }, []],
  ];
  for (const [name, annotations, expected] of cases) {
    test(name, () => assert.deepEqual(ofPods([pod('a', { metadata: { annotations } })], { ...spec, targetPorts: [8000, 8001, 8002] }), expected));
  }
});

describe('of EndpointSlices, the endpoints of a pool are', () => {
  const one = (ip: string, more: object = {}): object => ({ addresses: [ip], ...more });

  test('all ready addresses, at the ports of the pool', () => {
    const endpoints = [one('10.0.0.1'), one('10.0.0.2', { conditions: { ready: false } }), one('10.0.0.3', { conditions: { ready: true } })];
    assert.deepEqual(ofSlices([slice('s', endpoints)]), ['models/10.0.0.1-rank-0 10.0.0.1:8000', 'models/10.0.0.3-rank-0 10.0.0.3:8000']);
  });

  test('named by what they refer to, by their host name, or by their address', () => {
    const endpoints = [one('10.0.0.1', { targetRef: { kind: 'Pod', name: 'vllm-1' }, hostname: 'h' }), one('10.0.0.2', { hostname: 'two' })];
    assert.deepEqual(ofSlices([slice('s', endpoints)]), ['models/two-rank-0 10.0.0.2:8000', 'models/vllm-1-rank-0 10.0.0.1:8000']);
  });

  test('told apart by address where names are alike', () => {
    assert.deepEqual(ofSlices([slice('s', [one('10.0.0.1', { hostname: 'h' }), one('10.0.0.2', { hostname: 'h' })])]), ['models/h-10.0.0.2-rank-0 10.0.0.2:8000', 'models/h-rank-0 10.0.0.1:8000']);
  });

  test('one where two slices have the same address', () => {
    assert.deepEqual(ofSlices([slice('s', [one('10.0.0.1')]), slice('t', [one('10.0.0.1')])]), ['models/10.0.0.1-rank-0 10.0.0.1:8000']);
  });

  test('of slices with the labels of the pool', () => {
    assert.deepEqual(ofSlices([slice('s', [one('10.0.0.1')], { metadata: { labels: { app: 'x' } } }), slice('t', [one('10.0.0.1')], { metadata: { namespace: 'x' } })]), []);
  });

  const six = slice('six', [one('2001:db8::1')], { addressType: 'IPv6' });
  test('IPv4 where there is any', () => assert.deepEqual(ofSlices([six, slice('s', [one('10.0.0.1')])]), ['models/10.0.0.1-rank-0 10.0.0.1:8000']));
  test('IPv6 where there is nothing else', () => {
    assert.deepEqual(ofSlices([six, slice('s', [one('10.0.0.1', { conditions: { ready: false } })])]), ['models/2001:db8::1-rank-0 2001:db8::1:8000']);
  });
  test('none where IPv4 is draining, to which the gateway still has connections', () => {
    assert.deepEqual(ofSlices([six, slice('s', [one('10.0.0.1', { conditions: { ready: false, serving: true, terminating: true } })])]), []);
  });
  test('none with domain names', () => assert.deepEqual(ofSlices([slice('s', [one('a.example.com')], { addressType: 'FQDN' })]), []));
});

test('the spec of a pool is that of its InferencePool', () => {
  const object = { selector: { matchLabels: labels }, targetPorts: [{ number: 8000 }, { number: 8001 }] };
  const resource = decoded('InferencePool', { apiVersion: 'inference.networking.k8s.io/v1', kind: 'InferencePool', metadata: { name: 'p', namespace: 'models' }, spec: object });
  assert.deepEqual(poolSpec(resource), { key: 'models/p', namespace: 'models', matchLabels: labels, targetPorts: [8000, 8001] });
});

test('a pool may be of any kind, and the present one counts where two have one name', () => {
  const graph = new Graph();
  const from = { InferencePool: graph.source<ResourceOf<'InferencePool'>>('1'), XInferencePool: graph.source<ResourceOf<'XInferencePool'>>('2'), DeployedInferencePool: graph.source<ResourceOf<'DeployedInferencePool'>>('3') };
  const found = inferencePools(graph, from);
  const ports = (): (readonly [string, number | undefined])[] => [...found.values()].map((pool) => [pool.kind, poolSpec(pool).targetPorts[0]]);
  const metadata = { name: 'p', namespace: 'models' };
  const former = decoded('XInferencePool', { apiVersion: 'inference.networking.x-k8s.io/v1alpha2', kind: 'InferencePool', metadata, spec: { selector: labels, targetPortNumber: 8001, extensionRef: { name: 'epp' } } });
  from.XInferencePool.set(former.key, former);
  graph.settle();
  assert.deepEqual(ports(), [['XInferencePool', 8001]]);
  const present = decoded('InferencePool', { apiVersion: 'inference.networking.k8s.io/v1', kind: 'InferencePool', metadata, spec: { selector: { matchLabels: labels }, targetPorts: [{ number: 8002 }] } });
  from.InferencePool.set(present.key, present);
  graph.settle();
  assert.deepEqual(ports(), [['InferencePool', 8002]]);
  from.InferencePool.delete(present.key);
  graph.settle();
  assert.deepEqual(ports(), [['XInferencePool', 8001]]);
});

test('a change reaches the pools that it concerns, and nobody when it changes no endpoint', () => {
  const graph = new Graph();
  const [pools, pods] = [graph.source<PoolSpec>('pools'), graph.source<ResourceOf<'Pod'>>('pods')];
  const found = poolMembers(graph, pools, { pods });
  const told: string[][] = [];
  found.subscribe((changes) => told.push([...changes.keys()]));
  pools.set('pool', spec);
  pools.set('other', { ...spec, key: 'other', matchLabels: { app: 'other' } });
  pods.set('models/a', pod('a'));
  graph.settle();
  pods.set('models/a', pod('a', { status: { phase: 'Running' } }));
  graph.settle();
  pods.set('models/b', pod('b', { status: { podIP: '10.0.0.2' } }));
  graph.settle();
  pods.delete('models/a');
  graph.settle();
  assert.deepEqual(told, [['pool', 'other'], ['pool'], ['pool']]);
  assert.deepEqual(members(found), ['models/b-rank-0 10.0.0.2:8000']);
});
