import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { ScopedRouteConfigurationSchema } from '../../gen/envoy/config/route/v3/scoped_route_pb.ts';
import { encodeScopedRoute, routeConfigurationName, shardCount, shardFilterSource, shardOf, shardThreshold } from './shards.ts';

test('a table is cut when it is large', () => {
  assert.deepEqual([0, shardThreshold - 1, shardThreshold].map((hosts) => shardCount(hosts)), [1, 1, 64]);
});

test('hosts spread over all shards, whichever part of them differs', () => {
  const forms = [(i: number) => `host-${i}.example.com`, (i: number) => `a.tenant${i}.svc.example.com`, (i: number) => `www.shop${i}.de`];
  for (const form of forms) {
    const sizes = new Map<number | undefined, number>();
    for (let i = 0; i < 6400; i++) sizes.set(shardOf(form(i), 64), (sizes.get(shardOf(form(i), 64)) ?? 0) + 1);
    assert.equal(sizes.size, 64);
    assert.ok(Math.max(...sizes.values()) < 150, `${form(1)}: the largest of 64 shards of 100 has ${Math.max(...sizes.values())}`);
  }
});

test('a wildcard belongs to no shard in particular', () => {
  assert.deepEqual(['*', '*.example.com'].map((domain) => shardOf(domain, 64)), [undefined, undefined]);
  assert.equal(shardOf('www.example.com', 1), 0);
});

test('a whole table has its own name, a shard a name that no table can have', () => {
  assert.equal(routeConfigurationName('ns/gw/80', 0, 1), 'ns/gw/80');
  assert.equal(routeConfigurationName('ns/gw/80', 63, 64), 'ns/gw/80#63');
});

test('the scope of a shard has the key that the filter writes', () => {
  const scope = fromBinary(ScopedRouteConfigurationSchema, encodeScopedRoute('ns/gw/80', 5, 64));
  assert.equal(scope.routeConfigurationName, 'ns/gw/80#5');
  assert.deepEqual(scope.key?.fragments.map((fragment) => fragment.type), [{ case: 'stringKey', value: 'ns/gw/80#5' }]);
  assert.match(shardFilterSource('ns/gw/80', 64), /names\[i\] = "ns\/gw\/80#" \.\. i/);
});

test('a table name cannot break out of its Lua string', () => {
  assert.match(shardFilterSource('a"..x..\\"\n', 64), /= "a\\034\.\.x\.\.\\092\\034\\010#"/);
});
