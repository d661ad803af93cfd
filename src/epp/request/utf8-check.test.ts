import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { Utf8Check } from './utf8-check.ts';

function check(pieces: readonly Uint8Array[]): boolean {
  const utf8 = new Utf8Check();
  return pieces.every((piece) => utf8.push(piece)) && utf8.end();
}

test('its verdict is that of isUtf8, wherever bytes are cut', () => {
  const awkward = fc.constantFrom(0x00, 0x41, 0x7f, 0x80, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xa0, 0xed, 0x9f, 0xef, 0xf0, 0x90, 0xf4, 0x8f, 0xf5, 0xff);
  const piece = fc.oneof(fc.array(awkward, { maxLength: 4 }).map((bytes) => Buffer.from(bytes)), fc.string({ unit: 'binary', maxLength: 4 }).map((s) => Buffer.from(s)));
  fc.assert(
    fc.property(fc.array(piece), fc.array(fc.nat({ max: 5 })), (parts, sizes) => {
      const bytes = Buffer.concat(parts);
      const pieces: Uint8Array[] = [];
      let from = 0;
      for (const size of sizes) {
        pieces.push(bytes.subarray(from, from + size));
        from = Math.min(bytes.length, from + size);
      }
      pieces.push(bytes.subarray(from));
      assert.equal(check(pieces), isUtf8(bytes));
    }),
    { numRuns: 5_000 },
  );
});
