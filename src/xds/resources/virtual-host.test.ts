import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { VirtualHostSchema } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import { RouteConfigurationSchema } from '../../gen/envoy/config/route/v3/route_pb.ts';
import { direct, forward, route, share, virtualHost } from '../../../test/support/ir-values.ts';
import { encodeRouteConfiguration } from './route-configuration.ts';
import { encodeVirtualHost } from './virtual-host.ts';

const table = { port: 80, scheme: 'http' } as const;

test('a virtual host keeps its routes in order, and tells its clusters and whose routes it has', () => {
  const mirrored = forward(['b', share('never', 0)], {}, { owner: 'HTTPRoute/ns/one', ownerVersion: '7', mirrors: [{ backend: 'm', numerator: 1, denominator: 2 }] });
  const encoded = encodeVirtualHost(
    virtualHost('t', '*.x.test', [
      route('first', mirrored),
      route('second', mirrored),
      route('third', forward([share('a', 1), share(undefined, 1), share('b', 1)], {}, { owner: 'HTTPRoute/ns/another', ownerVersion: '1' })),
      route('fourth', forward([share(undefined, 1)], {}, { mirrors: [{ backend: 'unused', numerator: 1, denominator: 1 }] })),
    ]),
    table,
  );
  assert.deepEqual({ ...encoded, bytes: undefined }, {
    key: 't|*.x.test',
    table: 't',
    domain: '*.x.test',
    bytes: undefined,
    clusters: ['a', 'b', 'm'],
    parts: [
      { owner: 'HTTPRoute/e2e/route', version: '1' },
      { owner: 'HTTPRoute/ns/another', version: '1' },
      { owner: 'HTTPRoute/ns/one', version: '7' },
    ],
  });
  const decoded = fromBinary(VirtualHostSchema, encoded.bytes);
  assert.deepEqual(decoded.domains, ['*.x.test']);
  assert.deepEqual(decoded.routes.map((each) => each.name), ['first', 'second', 'third', 'fourth']);
});

test('a route configuration is ordered by domain, whatever order it was given', () => {
  const hosts = ['b.test', '*', 'a.test'].map((domain) => encodeVirtualHost(virtualHost('t', domain, [route('r', direct(200, domain))]), table));
  const bytes = encodeRouteConfiguration('t', hosts, { misdirected: [] });
  assert.deepEqual(bytes, encodeRouteConfiguration('t', hosts.toReversed(), { misdirected: [] }));
  const decoded = fromBinary(RouteConfigurationSchema, bytes);
  assert.deepEqual(decoded.virtualHosts.map(({ domains }) => domains), [['*'], ['a.test'], ['b.test']]);
  assert.equal(decoded.name, 't');
  assert.equal(decoded.ignorePortInHostMatching, true);
  assert.equal(decoded.validateClusters, false);
  assert.deepEqual(decoded.requestHeadersToRemove, ['x-moongate-shard', 'x-envoy-attempt-count']);
});

test('misdirected hosts get a 421, except those that have a virtual host, each named once', () => {
  const host = encodeVirtualHost(virtualHost('t', 'a.test', [route('r', direct(200, ''))]), table);
  const decoded = fromBinary(RouteConfigurationSchema, encodeRouteConfiguration('t', [host], { misdirected: ['b.test', '*', 'a.test', 'b.test'] }));
  assert.deepEqual(decoded.virtualHosts.map(({ domains }) => domains), [['a.test'], ['*', 'b.test']]);
  assert.deepEqual(decoded.virtualHosts[1]?.routes[0]?.action, { ...decoded.virtualHosts[1]?.routes[0]?.action, case: 'directResponse' });
  const only = fromBinary(RouteConfigurationSchema, encodeRouteConfiguration('t', [host], { misdirected: ['a.test'] }));
  assert.equal(only.virtualHosts.length, 1);
});

test('behind request filters no request is without a route: what fits none gets a 404 from one', () => {
  const guarded = { ...table, guarded: true } as const;
  const host = encodeVirtualHost(virtualHost('t', 'a.test', [route('r', direct(200, ''))]), guarded);
  const hostsOf = (misdirected: readonly string[]) => fromBinary(RouteConfigurationSchema, encodeRouteConfiguration('t', [host], { misdirected, guarded: true })).virtualHosts;
  const answers = (misdirected: readonly string[]) =>
    hostsOf(misdirected).map(({ domains, routes }) => [domains, routes.map(({ action }) => (action.case === 'directResponse' ? action.value.status : action.case))]);
  assert.deepEqual(answers([]), [[['a.test'], [200, 404]], [['*'], [404]]]);
  assert.deepEqual(answers(['*']), [[['a.test'], [200, 404]], [['*'], [421]]]);
});
