import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { patchBetween, patched } from './json-patch.ts';

it('what was left out is removed, what differs is replaced', () => {
  const from = { a: 1, 'b/~': { c: [1, { d: 'x', e: 2 }], f: true } };
  const to = { a: 1, 'b/~': { c: [1, { d: 'y' }] } };
  const steps = patchBetween(from, to);
  assert.deepEqual(steps, [
    { op: 'replace', path: '/b~1~0/c/1/d', value: 'y' },
    { op: 'remove', path: '/b~1~0/c/1/e' },
    { op: 'remove', path: '/b~1~0/f' },
  ]);
  assert.deepEqual(patched(from, steps), to);
});

it('a list of another length is replaced as a whole', () => {
  assert.deepEqual(patchBetween({ a: [1, 2] }, { a: [2] }), [{ op: 'replace', path: '/a', value: [2] }]);
});

it('a field that only the second value has is refused', () => {
  assert.throws(() => patchBetween({ a: {} }, { a: { b: 1 } }), /\/a: only the second value has b/);
});

it('a step that leads nowhere is refused', () => {
  assert.throws(() => patched({ a: 1 }, [{ op: 'remove', path: '/b' }]), /there is no \/b/);
  assert.throws(() => patched({ a: 1 }, [{ op: 'replace', path: '/a/b', value: 1 }]), /there is no \/a\/b/);
});

it('a value with parts left out is what its patch makes of the whole', () => {
  const key = fc.constantFrom('a', 'b', 'a/b', '~1', '~', '0');
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, fc.integer(), fc.array(tie('value'), { maxLength: 4 }), fc.dictionary(key, tie('value'), { noNullPrototype: true })),
  }));
  fc.assert(
    fc.property(value, fc.infiniteStream(fc.boolean()), (inner, coin) => {
      const whole = { inner };
      const less = { inner: without(inner, () => coin.next().value === true) };
      assert.deepEqual(patched(whole, patchBetween(whole, less)), less);
    }),
  );
});

/** The value with some fields and items gone. */
function without(value: unknown, gone: () => boolean): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.filter(() => !gone()).map((item) => without(item, gone));
  return Object.fromEntries(Object.entries(value).filter(() => !gone()).map(([key, item]) => [key, without(item, gone)]));
}
