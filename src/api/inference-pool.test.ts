import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode } from './decode.ts';
import { asInferencePool, isPoolReference, referredPool, type PoolKind } from './inference-pool.ts';
import { isKind, type Objects } from './kinds.ts';

function read(apiVersion: string, kind: PoolKind, spec: object | undefined): Objects['InferencePool']['spec'] {
  const { resource, problems } = decode({ apiVersion, kind: 'InferencePool', metadata: { name: 'llama', namespace: 'models' }, ...(spec && { spec }) }, { file: '', line: 0 });
  assert.deepEqual(problems, []);
  assert.ok(resource !== undefined && isKind(resource, kind));
  const pool = asInferencePool(resource as Parameters<typeof asInferencePool>[0]);
  assert.deepEqual([pool.kind, pool.key, pool.object.metadata.name], [kind, 'models/llama', 'llama']);
  return pool.object.spec;
}

describe('an InferencePool of v1alpha2 is read as one of v1', () => {
  const spec = { selector: { app: 'llama' }, targetPortNumber: 8000, extensionRef: { name: 'epp' } };
  const pool = (change: object = {}) => read('inference.networking.x-k8s.io/v1alpha2', 'XInferencePool', { ...spec, ...change });

  test('with the labels and the port that it has', () => {
    assert.deepEqual(pool().selector, { matchLabels: { app: 'llama' } });
    assert.deepEqual([pool().targetPorts, pool().appProtocol], [[{ number: 8000 }], 'http']);
  });
  test('with a picker at port 9002', () => assert.deepEqual(pool().endpointPickerRef, { group: '', kind: 'Service', name: 'epp', port: { number: 9002 }, failureMode: 'FailClose' }));
  test('or at the port that it names', () => {
    const { endpointPickerRef } = pool({ extensionRef: { name: 'epp', portNumber: 9, failureMode: 'FailOpen' } });
    assert.deepEqual([endpointPickerRef?.port, endpointPickerRef?.failureMode], [{ number: 9 }, 'FailOpen']);
  });
  test('and is empty without a spec, which its schema does not ask for', () => {
    assert.deepEqual(read('inference.networking.x-k8s.io/v1alpha2', 'XInferencePool', undefined), { selector: { matchLabels: {} }, targetPorts: [], appProtocol: 'http' });
  });
});

describe('an InferencePool with a deployment is read as one of v1', () => {
  const pool = (container: object = {}, more: object = {}) =>
    read('gateway.networking.x-k8s.io/v1alpha1', 'DeployedInferencePool', { deployment: { replicas: 3, template: { spec: { containers: [{ name: 'server', ...container }] } } }, ...more });

  test('with the Pods that are made for it, at port 8000, and our own picker', () => {
    assert.deepEqual(pool(), { selector: { matchLabels: { 'moongate.dev/inference-pool': 'llama' } }, targetPorts: [{ number: 8000 }], appProtocol: 'http' });
  });
  test('at the port of the container', () => assert.deepEqual(pool({ ports: [{ containerPort: 9000 }, { containerPort: 9001 }] }).targetPorts, [{ number: 9000 }]));
  test('at the ports that it names', () => assert.deepEqual(pool({ ports: [{ containerPort: 9000 }] }, { targetPorts: [{ number: 1 }, { number: 2 }] }).targetPorts, [{ number: 1 }, { number: 2 }]));
});

describe('a reference to a pool', () => {
  const groups: readonly (readonly [string, boolean])[] = [['inference.networking.k8s.io', true], ['inference.networking.x-k8s.io', true], ['gateway.networking.x-k8s.io', true], ['', false], ['llm-d.ai', false]];
  for (const [group, isPool] of groups) test(`of group ${JSON.stringify(group)} is ${isPool ? 'one' : 'none'}`, () => assert.equal(isPoolReference({ group, kind: 'InferencePool' }), isPool));
  test('of another kind is none', () => assert.equal(isPoolReference({ group: 'inference.networking.k8s.io', kind: 'Service' }), false));
  test('leads to the namespace of the object', () => {
    assert.equal(referredPool('models', { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: 'llama' }), 'models/llama');
    assert.equal(referredPool('models', { group: '', kind: 'Service', name: 'llama' }), undefined);
  });
});
