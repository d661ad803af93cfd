import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JsonLines } from './json-lines.ts';

test('lines come out whole, however the bytes were cut', () => {
  fc.assert(fc.property(fc.array(fc.jsonValue()), fc.array(fc.nat(50)), (values, cuts) => {
    const bytes = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
    const lines = new JsonLines(1_000_000);
    const out: unknown[] = [];
    let start = 0;
    for (const cut of [...cuts, bytes.length]) {
      out.push(...lines.push(bytes.subarray(start, start + cut)));
      start += cut;
    }
    out.push(...lines.push(bytes.subarray(start)));
    assert.deepEqual(JSON.stringify(out), JSON.stringify(values));
  }));
});

test('a character of several bytes may be cut', () => {
  const bytes = Buffer.from('"ü€😀"\n');
  const lines = new JsonLines(100);
  const out = [...bytes].flatMap((byte) => lines.push(Buffer.from([byte])));
  assert.deepEqual(out, ['ü€😀']);
});

test('a line without end is refused before it fills the memory', () => {
  const lines = new JsonLines(10);
  lines.push(Buffer.from('"12345'));
  assert.throws(() => lines.push(Buffer.from('678901')), /a line is longer than 10 bytes/);
});

test('what is no JSON is an error', () => {
  assert.throws(() => new JsonLines(10).push(Buffer.from('{x\n')), SyntaxError);
});
