import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable } from './printable.ts';

test('control characters of all three kinds are written out', () => {
  assert.equal(printable('a\u001b[2Jb\nc\td\u007fe\u009bf\u0000'), 'a\\u001b[2Jb\\u000ac\\u0009d\\u007fe\\u009bf\\u0000');
});

test('all other text stays as it is', () => {
  assert.equal(printable('Größe \\u001b ✓ \u00a0'), 'Größe \\u001b ✓ \u00a0');
});
