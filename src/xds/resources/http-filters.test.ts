import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arranged, httpFilters } from './http-filters.ts';
import type { FilterPosition } from '../../ir/listener.ts';

const table: readonly [sentence: string, order: readonly FilterPosition[], expected: string][] = [
  ['without wishes all stay', [], 'a b c d'],
  ['one before another', [{ name: 'd', before: 'b' }], 'a d b c'],
  ['one after another', [{ name: 'a', after: 'c' }], 'b c a d'],
  ['one wish after the other', [{ name: 'a', after: 'c' }, { name: 'b', after: 'a' }], 'c a b d'],
  ['a filter that is not there moves nothing', [{ name: 'x', before: 'a' }], 'a b c d'],
  ['nor does a neighbour that is not there', [{ name: 'a', after: 'x' }], 'a b c d'],
  ['nor does a filter beside itself', [{ name: 'b', after: 'b' }], 'a b c d'],
];

for (const [sentence, order, expected] of table) {
  test(sentence, () => {
    const filters = ['a', 'b', 'c', 'd'].map((name) => ({ name }));
    assert.equal(arranged(filters, order).map(({ name }) => name).join(' '), expected);
  });
}

test('filters of listeners come first, but for the one that finds the shard, whatever is wished', () => {
  const requestFilters = ['ns/gw/l/0', 'ns/gw/l/1'].map((name) => ({ name, hosts: undefined, externalAuth: undefined }));
  const filterOrder = [{ name: 'envoy.filters.http.stateful_session', before: 'envoy.filters.http.cors' }];
  const names = (shards: 1 | 64) => httpFilters('t', { shards }, { filterOrder, requestFilters }).slice(0, shards === 1 ? 3 : 4).map(({ name }) => name);
  const expected = ['moongate.listener.ns/gw/l/0', 'moongate.listener.ns/gw/l/1', 'envoy.filters.http.stateful_session'];
  assert.deepEqual(names(1), expected);
  assert.deepEqual(names(64), ['moongate.shard', ...expected]);
});
