import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Settings } from './inputs.ts';
import { decoded } from './testing.ts';
import { applyChanges, type ControlPlane, type ResourceChange } from '../app/control-plane.ts';
import { translateOffline } from '../app/offline.ts';
import { statusView } from '../app/views.ts';
import type { KindName } from '../api/kinds.ts';

const controllerName = 'example.com/controller';
const settings: Settings = { controllerNames: [controllerName], ownsEverything: true, addresses: 'bound' };

function object(kind: KindName, body: Readonly<Record<string, unknown>>): ResourceChange {
  const resource = decoded(kind, body);
  return { kind, key: resource.key, resource };
}

const gatewayClass = object('GatewayClass', { metadata: { name: 'ours' }, spec: { controllerName } });
const gateway = object('Gateway', {
  metadata: { name: 'web' },
  spec: { gatewayClassName: 'ours', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
});

function service(name: string): ResourceChange {
  return object('Service', { metadata: { name }, spec: { ports: [{ port: 80 }] } });
}

function slice(service: string, ...addresses: readonly string[]): ResourceChange {
  return object('EndpointSlice', {
    metadata: { name: service, labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    ports: [{ port: 3000 }],
    endpoints: addresses.map((address) => ({ addresses: [address] })),
  });
}

function route(name: string, ...services: readonly string[]): ResourceChange {
  const backendRefs = services.map((backend) => ({ name: backend, port: 80 }));
  return object('HTTPRoute', {
    metadata: { name },
    spec: { parentRefs: [{ name: 'web' }], hostnames: [`${name}.example.com`], rules: [{ backendRefs }] },
  });
}

const world = [gatewayClass, gateway, service('a'), service('b'), slice('a', '10.0.0.1'), slice('b', '10.0.0.2'), route('one', 'a'), route('two', 'a')];

/** What of `xds` and of the statuses is written anew when something changes. */
function effects(plane: ControlPlane, ...changes: readonly ResourceChange[]): string[] {
  const seen: string[] = [];
  const stops = [plane.xds, ...plane.outputs.statuses].map((collection) =>
    collection.subscribe((found: ReadonlyMap<string, { readonly after: unknown }>) => {
      for (const [key, { after }] of found) seen.push(`${after === undefined ? '- ' : ''}${collection === plane.xds ? key : `${collection.name} ${key}`}`);
    }),
  );
  applyChanges(plane.resources, changes);
  plane.settle();
  for (const stop of stops) stop();
  return seen.sort();
}

describe('a change reaches what depends on it, and nothing else', () => {
  const plane = (): ControlPlane => translateOffline(world, { settings });

  test('an endpoint is one load assignment', () => {
    assert.deepEqual(effects(plane(), slice('a', '10.0.0.1', '10.0.0.9')), ['default/web|EDS|service/default/a/80']);
  });

  test('endpoints of a Service that no route names are nothing', () => {
    assert.deepEqual(effects(plane(), slice('b', '10.0.0.9')), []);
  });

  test('the last endpoint is a load assignment and a condition', () => {
    const statuses = ['route-status HTTPRoute/default/one', 'route-status HTTPRoute/default/two'];
    assert.deepEqual(effects(plane(), slice('a')), ['default/web|EDS|service/default/a/80', ...statuses]);
  });

  test('a route that takes another Service brings its cluster along', () => {
    const expected = ['default/web|CDS|service/default/b/80', 'default/web|EDS|service/default/b/80', 'default/web|RDS|default/web/80'];
    assert.deepEqual(effects(plane(), route('one', 'a', 'b')), expected);
  });

  test('the last route of a Service takes its cluster away', () => {
    const gone: ResourceChange = { kind: 'HTTPRoute', key: 'default/one', resource: undefined };
    assert.deepEqual(effects(translateOffline(world.filter(({ key }) => key !== 'default/two'), { settings }), gone), [
      '- default/web|CDS|service/default/a/80',
      '- default/web|EDS|service/default/a/80',
      '- route-status HTTPRoute/default/one',
      'default/web|RDS|default/web/80',
      'gateway-status default/web',
    ]);
  });

  test('the same object again is nothing', () => assert.deepEqual(effects(plane(), route('one', 'a')), []));
});

describe('a bug costs the object that it was run for, and says so', () => {
  /** As if a translator function had a bug: an object that decoding would never give. */
  function broken({ kind, key, resource }: ResourceChange, spec: object): ResourceChange {
    assert.ok(resource);
    return { kind, key, resource: { ...resource, version: 'broken', object: { ...(resource.object as object), spec } } };
  }

  function survivors(changes: readonly ResourceChange[]): { plane: ControlPlane; errors: string[] } {
    const errors: string[] = [];
    const plane = translateOffline(changes, { settings, onError: ({ collection, key }) => errors.push(`${collection} ${key}`) });
    return { plane, errors };
  }

  test('a route', () => {
    const { plane, errors } = survivors([...world, broken(route('one', 'a'), { parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }], rules: [undefined] })]);
    assert.deepEqual(errors, ['http-routes default/one']);
    assert.match(JSON.stringify(statusView(plane)['HTTPRoute/default/one']), /"Accepted","status":"False","reason":"Invalid","message":"Internal error, please report it: /);
    assert.deepEqual(plane.outputs.virtualHosts.get('default/web/80|two.example.com')?.routes.length, 1);
  });

  test('a Gateway', () => {
    const { plane, errors } = survivors([...world, broken(gateway, { gatewayClassName: 'ours' })]);
    assert.deepEqual(errors, ['own-gateways default/web']);
    assert.match(JSON.stringify(statusView(plane)['Gateway/default/web']), /"Accepted","status":"False","reason":"Invalid","message":"Internal error, please report it: /);
  });
});
