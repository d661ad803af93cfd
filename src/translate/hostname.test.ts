import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bestMatch, covers, intersect, mostSpecificFirst, wider } from './hostname.ts';

test('a wildcard covers any number of labels, but at least one', () => {
  assert.equal(covers('*.example.com', 'a.example.com'), true);
  assert.equal(covers('*.example.com', 'a.b.example.com'), true);
  assert.equal(covers('*.example.com', 'example.com'), false);
  assert.equal(covers('*.example.com', '*.a.example.com'), true);
  assert.equal(covers('*.example.com', '*'), false);
  assert.equal(covers('a.example.com', '*.example.com'), false);
});

test('the intersection is the narrower of two hostnames when one covers the other', () => {
  const cases: [string, string, string | undefined][] = [
    ['*', 'a.example.com', 'a.example.com'],
    ['*.example.com', 'a.example.com', 'a.example.com'],
    ['a.example.com', '*.example.com', 'a.example.com'],
    ['*.example.com', '*.a.example.com', '*.a.example.com'],
    ['a.example.com', 'b.example.com', undefined],
    ['*.example.com', '*.example.org', undefined],
    ['*.example.com', 'example.com', undefined],
  ];
  for (const [a, b, expected] of cases) assert.equal(intersect(a, b), expected, `${a} and ${b}`);
});

test('wider names of a host go from specific to general', () => {
  assert.deepEqual(wider('a.b.c'), ['*.b.c', '*.c', '*']);
  assert.deepEqual(wider('*.b.c'), ['*.c', '*']);
  assert.deepEqual(wider('*'), []);
  assert.deepEqual(wider('localhost'), ['*']);
});

test('exact names go before wildcards, long before short', () => {
  const names = ['*', '*.example.com', 'example.com', 'www.example.com', '*.a.example.com'];
  assert.deepEqual(names.sort(mostSpecificFirst), ['www.example.com', 'example.com', '*.a.example.com', '*.example.com', '*']);
});

test('a host belongs to the most specific hostname that covers it', () => {
  assert.equal(bestMatch(new Set(['*', '*.example.com', 'a.example.com']), 'b.example.com'), '*.example.com');
  assert.equal(bestMatch(new Set(['*.example.com']), 'example.org'), undefined);
});
