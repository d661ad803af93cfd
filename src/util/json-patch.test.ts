import assert from 'node:assert/strict';
import { test } from 'node:test';

import { applyJsonPatch } from './json-patch.ts';
import { locate, pointerOf } from './json-path.ts';

const document = { a: { b: 1 }, list: [{ name: 'x', v: 1 }, { name: 'y', v: 2 }], 'c/d~e': true };

test('each operation of RFC 6902 does what it says', () => {
  assert.deepEqual(applyJsonPatch({ a: 1 }, [{ op: 'add', path: '/b', value: 2 }]), { a: 1, b: 2 });
  assert.deepEqual(applyJsonPatch([1, 3], [{ op: 'add', path: '/1', value: 2 }, { op: 'add', path: '/-', value: 4 }]), [1, 2, 3, 4]);
  assert.deepEqual(applyJsonPatch({ a: 1, b: 2 }, [{ op: 'remove', path: '/a' }]), { b: 2 });
  assert.deepEqual(applyJsonPatch({ a: 1 }, [{ op: 'replace', path: '/a', value: null }]), { a: null });
  assert.deepEqual(applyJsonPatch({ a: { x: 1 }, b: {} }, [{ op: 'move', from: '/a/x', path: '/b/y' }]), { a: {}, b: { y: 1 } });
  assert.deepEqual(applyJsonPatch({ a: { x: 1 } }, [{ op: 'copy', from: '/a', path: '/b' }]), { a: { x: 1 }, b: { x: 1 } });
  assert.deepEqual(applyJsonPatch({ a: [1] }, [{ op: 'test', path: '/a', value: [1] }]), { a: [1] });
  assert.deepEqual(applyJsonPatch({ a: 1 }, [{ op: 'replace', path: '', value: 7 }]), 7);
  assert.deepEqual(applyJsonPatch(document, [{ op: 'remove', path: '/c~1d~0e' }]), { a: document.a, list: document.list });
});

test('add makes what is missing on its way', () => {
  assert.deepEqual(applyJsonPatch({}, [{ op: 'add', path: '/x/y/-', value: 1 }]), { x: { y: [1] } });
});

test('a jsonPath chooses the places, path goes on from each', () => {
  const patched = applyJsonPatch(document, [{ op: 'replace', jsonPath: "$.list[?(@.name=='y')]", path: '/v', value: 9 }]) as typeof document;
  assert.deepEqual(patched.list, [{ name: 'x', v: 1 }, { name: 'y', v: 9 }]);
  const emptied = applyJsonPatch(document, [{ op: 'remove', jsonPath: '$.list[*]' }]) as typeof document;
  assert.deepEqual(emptied.list, []);
});

test('what cannot be applied is an error with the operation and the reason', () => {
  const failing = (operation: Parameters<typeof applyJsonPatch>[1][number]): (() => unknown) => () => applyJsonPatch(document, [operation]);
  assert.throws(failing({ op: 'remove', path: '/nowhere' }), /operation 0 \(remove \/nowhere\): \/nowhere is not there/);
  assert.throws(failing({ op: 'replace', path: '/list/2', value: 1 }), /no place '2'/);
  assert.throws(failing({ op: 'test', path: '/a/b', value: 2 }), /not 2/);
  assert.throws(failing({ op: 'add', path: 'a', value: 1 }), /no JSON pointer/);
  assert.throws(failing({ op: 'copy', path: '/a' }), /no from/);
  assert.throws(failing({ op: 'move', from: '/a', path: '/a/b' }), /into itself/);
  assert.throws(failing({ op: 'remove', jsonPath: '$.list[9]' }), /selects nothing/);
  assert.throws(failing({ op: 'remove' }), /neither a path nor a jsonPath/);
});

test('the document stays as it was, and a field called __proto__ is a field', () => {
  const before = structuredClone(document);
  applyJsonPatch(document, [{ op: 'replace', path: '/list/0/v', value: 5 }]);
  assert.deepEqual(document, before);
  assert.equal(JSON.stringify(applyJsonPatch({}, [{ op: 'add', path: '/__proto__/x', value: 1 }])), '{"__proto__":{"x":1}}');
});

test('a JSONPath finds names, indexes, wildcards, descendants and filters', () => {
  const find = (path: string): string[] => locate(document, path).map(pointerOf);
  assert.deepEqual(find('$.a.b'), ['/a/b']);
  assert.deepEqual(find('a.b'), ['/a/b']);
  assert.deepEqual(find("$['c/d~e']"), ['/c~1d~0e']);
  assert.deepEqual(find('$.list[-1].name'), ['/list/1/name']);
  assert.deepEqual(find('$.list[*].v'), ['/list/0/v', '/list/1/v']);
  assert.deepEqual(find('$..name'), ['/list/0/name', '/list/1/name']);
  assert.deepEqual(find('..v'), ['/list/0/v', '/list/1/v']);
  assert.deepEqual(find('$..[?(@.v == 2)].name'), ['/list/1/name']);
  assert.deepEqual(find('$.list[?(@.v)]'), ['/list/0', '/list/1']);
  assert.deepEqual(find("$.list[?@.name != 'x']"), ['/list/1']);
  assert.deepEqual(find('$.nothing'), []);
});

test('a JSONPath that is none is an error', () => {
  assert.throws(() => locate(document, '$.list['), /cannot be read from/);
  assert.throws(() => locate(document, '$'), /the whole document/);
  assert.throws(() => locate(document, '$.list[?(@.v > 1)]'), /not understood/);
});
