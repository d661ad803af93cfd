import assert from 'node:assert/strict';
import { test } from 'node:test';

import { covers } from './covers.ts';
import { quantity } from './quantity.ts';

test('what the server and others add does not matter', () => {
  assert.ok(covers({ a: 1, b: { c: [{ name: 'x', extra: true }, { name: 'injected' }], d: 2 } }, { a: 1, b: { c: [{ name: 'x' }] } }));
});

test('what is missing or other than applied is seen', () => {
  assert.equal(covers({ a: 1 }, { a: 2 }), false);
  assert.equal(covers({}, { a: 'x' }), false);
  assert.equal(covers({ a: [{ name: 'x', v: 1 }] }, { a: [{ name: 'x', v: 2 }] }), false);
  assert.equal(covers({ a: [{ name: 'y' }] }, { a: [{ name: 'x' }] }), false);
  assert.equal(covers({ a: true }, { a: false }), false);
  assert.equal(covers(undefined, { a: { b: 1 } }), false);
});

test('a list of plain values has its order and nothing else', () => {
  assert.ok(covers({ args: ['a', 'b'] }, { args: ['a', 'b'] }));
  assert.equal(covers({ args: ['b', 'a'] }, { args: ['a', 'b'] }), false);
  assert.equal(covers({ args: ['a', 'b', 'c'] }, { args: ['a', 'b'] }), false);
});

test('the server leaves out what is empty', () => {
  assert.ok(covers({}, { a: [], b: {}, c: '', d: 0, e: false, f: null }));
});

test('a quantity is the same however it is written', () => {
  assert.ok(covers({ cpu: '1', memory: '1Gi' }, { cpu: '1000m', memory: 1_073_741_824 }));
  assert.equal(covers({ cpu: '1' }, { cpu: '2000m' }), false);
  assert.equal(covers({ name: 'one' }, { name: 'two' }), false);
});

test('quantities are read as Kubernetes reads them', () => {
  const cases: readonly (readonly [text: string | number, value: number | undefined])[] = [
    ['128Mi', 134_217_728], ['1.5G', 1.5e9], ['500m', 0.5], ['1e3', 1000], ['2E', 2e18], ['1E2', 100], ['.5', 0.5], [7, 7], ['', undefined], ['1X', undefined], ['Mi', undefined],
  ];
  for (const [text, value] of cases) assert.equal(quantity(text), value, String(text));
});
