import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arranged } from './http-filters.ts';
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
