import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode } from './decode.ts';
import { currentKind } from './former-kinds.ts';

const origin = { file: 'a.yaml', line: 1 };

function set(listener: object, rest: object = {}): object {
  const spec = { parentRef: { name: 'web' }, listeners: [{ name: 'http', protocol: 'HTTP', ...listener }] };
  return { apiVersion: 'gateway.networking.x-k8s.io/v1alpha1', kind: 'XListenerSet', metadata: { name: 'team' }, spec, ...rest };
}

describe('an XListenerSet', () => {
  test('is read as a ListenerSet, and its author is told', () => {
    const { resource, problems } = decode(set({ port: 80 }), origin);
    assert.deepEqual([resource?.kind, resource?.key], ['ListenerSet', 'default/team']);
    assert.deepEqual(problems, [{ severity: 'warning', field: 'kind', message: 'XListenerSet of gateway.networking.x-k8s.io/v1alpha1 is read as a ListenerSet of gateway.networking.k8s.io/v1' }]);
  });

  for (const listener of [{}, { port: 0 }]) {
    test(`needs its ports, which nobody assigns: ${JSON.stringify(listener)}`, () => {
      const { resource, problems } = decode(set(listener), origin);
      assert.equal(resource, undefined);
      assert.equal(problems.find(({ severity }) => severity === 'error')?.field, 'spec.listeners[0].port');
    });
  }

  test('of another version is nothing that we know', () => {
    assert.equal(decode(set({ port: 80 }, { apiVersion: 'gateway.networking.x-k8s.io/v1' }), origin).resource, undefined);
  });
});

describe('an XListenerSet of an API server', () => {
  test('keeps its kind, and whoever reads the log is told what it is taken for', () => {
    const { resource, problems } = decode(set({ port: 80 }, { metadata: { name: 'team', namespace: 'default', generation: 3 } }), origin, { from: 'server' });
    assert.deepEqual([resource?.kind, resource?.key, resource?.metadata.generation], ['XListenerSet', 'default/team', 3]);
    assert.deepEqual(problems, [{ severity: 'warning', field: 'apiVersion', message: 'XListenerSet of gateway.networking.x-k8s.io/v1alpha1 is read as a ListenerSet of gateway.networking.k8s.io/v1' }]);
  });
});

test('a reference to the former kind is one to the present kind, others are as they are', () => {
  const current = (group: string, kind: string): string => {
    const meant = currentKind({ group, kind });
    return `${meant.group}/${meant.kind}`;
  };
  assert.equal(current('gateway.networking.x-k8s.io', 'XListenerSet'), 'gateway.networking.k8s.io/ListenerSet');
  assert.equal(current('gateway.networking.k8s.io', 'XListenerSet'), 'gateway.networking.k8s.io/XListenerSet');
  assert.equal(current('gateway.networking.x-k8s.io', 'XBackend'), 'gateway.networking.x-k8s.io/XBackend');
});
