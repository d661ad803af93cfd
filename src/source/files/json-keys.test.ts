import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { duplicateJsonKeys } from './json-keys.ts';

const find = (text: string) => duplicateJsonKeys(text, { maxNesting: 3, maxDuplicates: 2 });

test('a key given twice in one object is found, however it is written, with its line', () => {
  assert.deepEqual(find('{"a": 1,\n "b": {"a": 2},\n "\\u0061" : 3}'), [{ key: 'a', line: 2 }]);
});

test('the same text as a value, in another object or inside of a string is no key of this one', () => {
  assert.deepEqual(find('[{"a": "a", "b": ["a", "a"]}, {"a": "{\\"a\\": 1, \\"a\\": 2}", "c\\\\": "c\\\\"}]'), []);
});

test('no more are told than are asked for', () => {
  assert.deepEqual(find('{"a":1,"a":1,"a":1,"a":1}'), [{ key: 'a', line: 0 }, { key: 'a', line: 0 }]);
});

test('what is nested deeper than the limit is not looked into', () => {
  assert.deepEqual([find('[[[1]]]'), find('[[[[1]]]]')], [[], 'too deep']);
});

/** A value whose objects are lists of entries, so that keys may be given twice. */
type Loose = string | Loose[] | { readonly entries: readonly (readonly [string, Loose])[] };

function written(value: Loose): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
  return `{${value.entries.map(([key, item]) => `${JSON.stringify(key)} :${written(item)}`).join(',')}}`;
}

function count(value: Loose): number {
  if (typeof value === 'string') return 0;
  const inside = Array.isArray(value) ? value : value.entries.map(([, item]) => item);
  const own = Array.isArray(value) ? 0 : value.entries.length - new Set(value.entries.map(([key]) => key)).size;
  return inside.reduce((sum, item) => sum + count(item), own);
}

test('as many are found as were written', () => {
  const word = fc.constantFrom('a', 'b', '"', '\\', '\\"', '{', ']', 'a":', '\u0001', '');
  const { value } = fc.letrec<{ value: Loose }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      word,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.record({ entries: fc.array(fc.tuple(word, tie('value')), { maxLength: 4 }) }),
    ),
  }));
  fc.assert(
    fc.property(value, (loose) => {
      const found = duplicateJsonKeys(written(loose), { maxNesting: 1000, maxDuplicates: Infinity });
      assert.equal(found.length, count(loose));
    }),
    { numRuns: 2_000 },
  );
});
