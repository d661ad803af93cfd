import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyChanges, type ControlPlane, type ResourceChange } from '../../app/control-plane.ts';
import { translateOffline } from '../../app/offline.ts';
import { statusView } from '../../app/views.ts';
import type { KindName } from '../../api/kinds.ts';
import type { Endpoint } from '../../ir/backend.ts';
import { decoded } from '../testing.ts';

function object(kind: KindName, name: string, spec: object, more: object = {}): ResourceChange {
  const resource = decoded(kind, { metadata: { name, ...(kind !== 'GatewayClass' && { namespace: 'default' }), ...more }, ...(kind === 'EndpointSlice' ? spec : { spec }) });
  return { kind, key: resource.key, resource };
}

const gatewayClass = object('GatewayClass', 'ours', { controllerName: 'c/c' });
const gateway = (name: string, port: number) => object('Gateway', name, { gatewayClassName: 'ours', listeners: [{ name: 'http', port, protocol: 'HTTP' }] });
const pool = (name: string, more: object = {}) => object('InferencePool', name, {
  selector: { matchLabels: { app: name, tier: 'gpu' } },
  targetPorts: [{ number: 8000 }, { number: 8001 }],
  endpointPickerRef: { name: 'epp', port: { number: 9002 } },
  ...more,
});
const epp = object('Service', 'epp', { ports: [{ port: 9002 }] });
const route = (name: string, to: string, ...gateways: readonly string[]) => object('HTTPRoute', name, {
  parentRefs: gateways.map((each) => ({ name: each })),
  rules: [{ backendRefs: [{ group: 'inference.networking.k8s.io', kind: 'InferencePool', name: to }] }],
});
const slice = (name: string, labels: object, ...addresses: readonly string[]) =>
  object('EndpointSlice', name, { addressType: 'IPv4', endpoints: addresses.map((address) => ({ addresses: [address] })) }, { labels });
const gone = ({ kind, key }: ResourceChange): ResourceChange => ({ kind, key, resource: undefined });

function planeOf(...changes: readonly ResourceChange[]): ControlPlane {
  return translateOffline([gatewayClass, gateway('one', 80), gateway('two', 81), epp, ...changes], { settings: { controllerNames: ['c/c'], ownsEverything: true, addresses: 'bound' } });
}

function change(plane: ControlPlane, ...changes: readonly ResourceChange[]): void {
  applyChanges(plane.resources, changes);
  plane.settle();
}

function parents(plane: ControlPlane, name: string): string[] | undefined {
  const status = statusView(plane)[`InferencePool/default/${name}`] as { readonly parents: readonly { readonly parentRef: { readonly name: string } }[] } | undefined;
  return status?.parents.map(({ parentRef }) => parentRef.name);
}

describe('parents of a pool', () => {
  test('are the Gateways of its routes, and go with the last of these at once', () => {
    const [first, second, third] = [route('first', 'llama', 'one'), route('second', 'llama', 'two'), route('third', 'llama', 'two')];
    const plane = planeOf(pool('llama'), first, second, third);
    assert.deepEqual(parents(plane, 'llama'), ['one', 'two']);
    change(plane, gone(first));
    assert.deepEqual(parents(plane, 'llama'), ['two']);
    change(plane, gone(second));
    assert.deepEqual(parents(plane, 'llama'), ['two']);
    change(plane, route('third', 'other', 'two'));
    assert.deepEqual(parents(plane, 'llama'), undefined);
  });
});

describe('servers of a pool', () => {
  const addresses = (plane: ControlPlane): string[] =>
    (plane.outputs.endpointSets.get('inferencepool/default/llama')?.endpoints ?? []).map(({ address }: Endpoint) => (address.type === 'ip' ? `${address.ip}:${address.port}` : ''));

  test('are those of slices whose labels fit all of the selector, at each port', () => {
    const plane = planeOf(pool('llama'), route('chat', 'llama', 'one'), slice('a', { app: 'llama', tier: 'gpu', more: 'x' }, '10.0.0.1', '10.0.0.2'), slice('b', { app: 'llama' }, '10.0.0.3'));
    assert.deepEqual(addresses(plane), ['10.0.0.1:8000', '10.0.0.1:8001', '10.0.0.2:8000', '10.0.0.2:8001']);
    change(plane, slice('b', { app: 'llama', tier: 'gpu' }, '10.0.0.3'));
    assert.deepEqual(addresses(plane).slice(4), ['10.0.0.3:8000', '10.0.0.3:8001']);
    change(plane, pool('llama', { targetPorts: [{ number: 9000 }] }));
    assert.deepEqual(addresses(plane), ['10.0.0.1:9000', '10.0.0.2:9000', '10.0.0.3:9000']);
  });

  test('change alone: nothing but their load assignment is sent', () => {
    const plane = planeOf(pool('llama'), route('chat', 'llama', 'one'), slice('a', { app: 'llama', tier: 'gpu' }, '10.0.0.1'));
    const seen: string[] = [];
    plane.xds.subscribe((changes) => seen.push(...changes.keys()));
    change(plane, slice('a', { app: 'llama', tier: 'gpu' }, '10.0.0.1', '10.0.0.2'));
    assert.deepEqual(seen, ['default/one|EDS|inferencepool/default/llama']);
  });
});

describe('the picker of a pool', () => {
  const references: readonly [sentence: string, ref: object | undefined, message: RegExp | undefined][] = [
    ['a port of a Service', { name: 'epp', port: { number: 9002 } }, undefined],
    ['a Service that is not there', { name: 'nobody', port: { number: 9002 } }, /^spec\.endpointPickerRef: Service default\/nobody does not exist$/],
    ['a port that the Service does not have', { name: 'epp', port: { number: 1 } }, /^spec\.endpointPickerRef: Service default\/epp has no TCP port 1, only 9002$/],
    ['another kind', { group: 'apps', kind: 'Deployment', name: 'epp' }, /^spec\.endpointPickerRef: Deployment default\/epp of apps cannot be an endpoint picker, only a Service can$/],
    ['a Service that is a name', { name: 'named', port: { number: 9002 } }, /^spec\.endpointPickerRef: Service default\/named is of type ExternalName, which is not supported$/],
  ];
  const named = object('Service', 'named', { type: 'ExternalName', externalName: 'epp.example.com' });

  for (const [sentence, ref, message] of references) {
    test(sentence, () => {
      const plane = planeOf(pool('llama', { endpointPickerRef: ref }), named, route('chat', 'llama', 'one'));
      const status = statusView(plane)['InferencePool/default/llama'] as { readonly parents: readonly { readonly conditions: readonly { readonly type: string; readonly reason: string; readonly message: string }[] }[] };
      const resolved = status.parents[0]?.conditions.find(({ type }) => type === 'ResolvedRefs');
      assert.equal(resolved?.reason, message === undefined ? 'ResolvedRefs' : 'InvalidExtensionRef');
      assert.match(resolved?.message ?? '', message ?? /resolved/);
      assert.deepEqual(plane.outputs.backends.get('inferencepool/default/llama')?.picker?.service?.backend, message === undefined ? 'service/default/epp/9002/picker' : undefined);
    });
  }

  test('that comes later is used', () => {
    const plane = planeOf(pool('llama', { endpointPickerRef: { name: 'late', port: { number: 9002 } } }), route('chat', 'llama', 'one'));
    assert.equal(plane.outputs.backends.get('service/default/late/9002/picker'), undefined);
    change(plane, object('Service', 'late', { ports: [{ port: 9002 }] }));
    const backend = plane.outputs.backends.get('service/default/late/9002/picker');
    assert.deepEqual([backend?.picks, backend?.protocol, backend?.tls?.trustBundle], ['standard', 'h2c', undefined]);
    assert.ok(plane.xds.get('default/one|CDS|service/default/late/9002/picker') !== undefined, 'the proxy has it');
  });
});
