import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyPlain, isPlain, skipPlain } from './plain-bytes.ts';

test('the first byte that is not plain is found, whatever it is, wherever it is and whatever is around it', () => {
  const length = 21;
  const target = new Uint8Array(64);
  for (let byte = 0; byte < 256; byte++) {
    for (const around of [0x20, 0x21, 0x23, 0x5b, 0x5d, 0x7f, 0x80, 0xa2, 0xdc, 0xff]) {
      for (let place = 0; place < length; place++) {
        const bytes = new Uint8Array(length + 3).fill(around);
        bytes[3 + place] = byte;
        bytes[3 + place + 1] = 0x22;
        const view = new DataView(bytes.buffer);
        const end = Math.min(3 + place + 2, bytes.length);
        const plain = isPlain(byte) ? place + 1 : place;
        assert.equal(skipPlain(view, 3, end), plain);
        assert.equal(copyPlain(view, 3, end, new DataView(target.buffer), 5), plain);
        assert.deepEqual(target.subarray(5, 5 + plain), bytes.subarray(3, 3 + plain));
      }
    }
  }
});
