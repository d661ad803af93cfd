import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyChanges, type ResourceChange } from '../../app/control-plane.ts';
import { translateOffline } from '../../app/offline.ts';
import { statusView } from '../../app/views.ts';
import type { KindName } from '../../api/kinds.ts';
import { decoded } from '../testing.ts';

function object(kind: KindName, name: string, spec: object, metadata: object = {}): ResourceChange {
  const resource = decoded(kind, { metadata: { name, ...(kind !== 'GatewayClass' && { namespace: 'default' }), ...metadata }, spec });
  return { kind, key: resource.key, resource };
}

const pool = (ref?: object) => object('InferencePool', 'llama', { selector: { matchLabels: { app: 'llama' } }, targetPorts: [{ number: 8000 }], ...(ref && { endpointPickerRef: ref }) });
const route = object('HTTPRoute', 'chat', { parentRefs: [{ name: 'web' }], rules: [{ backendRefs: [{ group: 'inference.networking.k8s.io', kind: 'InferencePool', name: 'llama' }] }] });
const gateway = [object('GatewayClass', 'ours', { controllerName: 'c/c' }), object('Gateway', 'web', { gatewayClassName: 'ours', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] })];
const objective = object('InferenceObjective', 'batch', { poolRef: { name: 'llama' }, priority: -1 });
const model = (name: string, creationTimestamp: string) => object('InferenceModel', name, { poolRef: { name: 'llama' }, modelName: 'm' }, { creationTimestamp });

function plane(changes: readonly ResourceChange[], ownsEverything = false) {
  const endpointPicker = { type: 'ip', ip: '10.0.0.9', port: 9002 } as const;
  return translateOffline([...gateway, ...changes], { settings: { controllerNames: ['c/c'], ownsEverything, addresses: 'assigned', endpointPicker } });
}

/** `Accepted` of an object, as status and reason. */
function accepted(of: ReturnType<typeof plane>, ref: string): string | undefined {
  const status = statusView(of)[ref] as { readonly conditions: readonly { readonly type: string; readonly status: string; readonly reason: string }[] } | undefined;
  const found = status?.conditions.find(({ type }) => type === 'Accepted');
  return found && `${found.status} ${found.reason}`;
}

describe('in a cluster an objective has a status of ours', () => {
  const ref = 'InferenceObjective/default/batch';
  test('when routes of ours lead to its pool, where our own picker is asked', () => assert.equal(accepted(plane([pool(), route, objective]), ref), 'True Accepted'));
  test('not when no route leads there', () => assert.equal(accepted(plane([pool(), objective]), ref), undefined));
  test('not when somebody else picks there', () => assert.equal(accepted(plane([pool({ name: 'epp', port: { number: 9002 } }), object('Service', 'epp', { ports: [{ port: 9002 }] }), route, objective]), ref), undefined));
  test('not when the pool is not there', () => assert.equal(accepted(plane([route, objective]), ref), undefined));
});

test('of two InferenceModels for one model the older one counts, and the younger when that goes', () => {
  const [young, old] = [model('a', '2026-02-01T00:00:00Z'), model('b', '2026-01-01T00:00:00Z')];
  const world = plane([pool(), route, young, old]);
  assert.deepEqual([accepted(world, 'InferenceModel/default/a'), accepted(world, 'InferenceModel/default/b')], ['False ModelNameInUse', 'True Accepted']);
  applyChanges(world.resources, [{ ...old, resource: undefined }]);
  world.settle();
  assert.equal(accepted(world, 'InferenceModel/default/a'), 'True Accepted');
});
