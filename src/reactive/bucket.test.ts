import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Bucket } from './bucket.ts';

test('a bucket has its values in the order of keys after any writes, and what it gave before stays as it was', () => {
  const write = fc.tuple(fc.nat(60), fc.option(fc.nat(9), { nil: undefined, freq: 4 }));
  fc.assert(
    fc.property(fc.array(fc.array(write, { maxLength: 12 }), { minLength: 1, maxLength: 20 }), fc.nat(60), (program, initial) => {
      const bucket = new Bucket<number>();
      const model = new Map<string, number>();
      for (let i = 0; i < initial; i++) {
        bucket.write(`k${i}`, i);
        model.set(`k${i}`, i);
      }
      const given: { readonly values: readonly number[]; readonly copy: readonly number[] }[] = [];
      for (const writes of program) {
        for (const [key, value] of writes) {
          bucket.write(`k${key}`, value);
          if (value === undefined) model.delete(`k${key}`);
          else model.set(`k${key}`, value);
        }
        const values = bucket.values();
        given.push({ values, copy: [...values] });
        assert.deepEqual(values, [...model].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value));
        assert.equal(bucket.size, model.size);
      }
      for (const { values, copy } of given) assert.deepEqual(values, copy);
    }),
  );
});
