import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode } from './decode.ts';
import { KINDS, kindsCalled } from './kinds.ts';

const poolRef = { name: 'llama' };

/** The name and the API version of an object's kind. */
function decodedKind(apiVersion: string, kind: string, spec: object): string {
  const { resource, problems } = decode({ apiVersion, kind, metadata: { name: 'a' }, spec }, { file: 'a.yaml', line: 1 });
  assert.deepEqual(problems, []);
  const { apiVersion: kept, kind: called } = (resource?.object ?? {}) as { readonly apiVersion: string; readonly kind: string };
  assert.deepEqual([kept, called], [apiVersion, kind]);
  return resource?.kind ?? '';
}

describe('kinds that share a name are told apart by their group', () => {
  const cases: readonly (readonly [apiVersion: string, kind: string, name: string, spec: object])[] = [
    ['inference.networking.k8s.io/v1', 'InferencePool', 'InferencePool', { selector: { matchLabels: { app: 'a' } }, targetPorts: [{ number: 8000 }] }],
    ['inference.networking.x-k8s.io/v1alpha2', 'InferencePool', 'XInferencePool', { selector: { app: 'a' }, targetPortNumber: 8000, extensionRef: { name: 'epp' } }],
    ['gateway.networking.x-k8s.io/v1alpha1', 'InferencePool', 'DeployedInferencePool', { deployment: { template: { spec: { containers: [{ name: 'a', image: 'vllm', resources: { limits: { 'nvidia.com/gpu': 1 } } }] } } } }],
    ['llm-d.ai/v1alpha2', 'InferenceObjective', 'InferenceObjective', { poolRef, priority: 10 }],
    ['inference.networking.x-k8s.io/v1alpha2', 'InferenceObjective', 'XInferenceObjective', { poolRef, priority: -1 }],
    ['llm-d.ai/v1alpha2', 'InferenceModelRewrite', 'InferenceModelRewrite', { poolRef, rules: [{ targets: [{ modelRewrite: 'b' }] }] }],
    ['inference.networking.x-k8s.io/v1alpha2', 'InferenceModelRewrite', 'XInferenceModelRewrite', { poolRef, rules: [] }],
    ['inference.networking.x-k8s.io/v1alpha2', 'InferenceModel', 'InferenceModel', { poolRef, modelName: 'm', criticality: 'Critical' }],
    ['gateway.networking.x-k8s.io/v1alpha1', 'InferenceModel', 'RoutedInferenceModel', { poolRef, routing: { priority: 'high', trafficSplit: [{ version: 'stable', weight: 90 }] } }],
  ];
  for (const [apiVersion, kind, name, spec] of cases) test(`${kind} of ${apiVersion}`, () => assert.equal(decodedKind(apiVersion, kind, spec), name));

  test('and whoever takes the wrong one is told of all', () => {
    const { problems } = decode({ apiVersion: 'inference.networking.k8s.io/v1alpha2', kind: 'InferencePool' }, { file: '', line: 0 });
    const known = 'inference.networking.k8s.io/v1, inference.networking.x-k8s.io/v1alpha2, gateway.networking.x-k8s.io/v1alpha1';
    assert.deepEqual(problems.map(({ message }) => message), [`no matches for kind "InferencePool" in version "inference.networking.k8s.io/v1alpha2"; known are ${known}`]);
  });
});

test('one of those that share a name keeps it', () => {
  for (const { objectKind } of KINDS.values()) assert.ok(kindsCalled(objectKind).some(({ kind }) => kind === objectKind), objectKind);
});
