import assert from 'node:assert/strict';
import { test } from 'node:test';
import { table } from './table.ts';

test('columns are as wide as their widest cell, with three blanks between them', () => {
  assert.equal(table(['NAME', 'X'], [['a-long-name', '1'], ['b', '22']]), 'NAME          X\na-long-name   1\nb             22\n');
});

test('no line ends in blanks, also where a cell is missing', () => {
  assert.equal(table(['NAME', 'MESSAGE'], [['a', ''], ['b']]), 'NAME   MESSAGE\na\nb\n');
});

test('a table without rows is nothing', () => {
  assert.equal(table(['NAME'], []), '');
});

test('control characters are written out, and have their width', () => {
  assert.equal(table(['NAME', 'X'], [['a\u001b', '1']]), 'NAME      X\na\\u001b   1\n');
});
