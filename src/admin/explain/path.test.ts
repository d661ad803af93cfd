import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { normalizePath } from './path.ts';

/** As a real Envoy 1.40 answered. */
describe('a path becomes what Envoy makes of it', () => {
  const cases: readonly (readonly [sent: string, seen: string])[] = [
    ['/a/../b', '/b'], ['/a/.', '/a/'], ['/a/..', '/'], ['/..', '/'], ['/a/.../..', '/a/'], ['/.a', '/.a'],
    ['/%2e%2e/x', '/x'], ['/a/.%2e/b', '/b'], ['/a/..;v/b', '/b'], ['/a/.;x', '/a/'], ['/a/%2e%2e;/b', '/a/..;/b'], ['/a;x/../b', '/b'],
    ['/a//b', '/a/b'], ['//', '//'], ['///', '//'], ['/a///', '/a/'], ['/x//?y//', '/x/?y//'], ['//a.test/b', '/a.test/b'], ['/a//..//b', '/a/b'],
    ['/a\\b', '/a/b'], ['/%41%7e', '/A~'], ['/a%20b', '/a%20b'], ['/a%252Fb', '/a%252Fb'], ['/a%zz', '/a%zz'], ['/%c3%a9', '/%c3%a9'],
    ['/a"b', '/a%22b'], ['/a|b', '/a%7Cb'], ['/a^{`}', '/a%5E%7B%60%7D'], ["/a'b;c=1", "/a'b;c=1"],
    ['/a?x=1/../2&y=%2F', '/a?x=1/../2&y=%2F'], ['/?a', '/?a'],
  ];
  for (const [sent, seen] of cases) test(`${sent} is ${seen}`, () => assert.deepEqual(normalizePath(sent), { path: seen, redirects: false }));
});

describe('a path with an escaped slash is sent away', () => {
  const cases = [['/a%2Fb', '/a/b'], ['/a%2fb/../c', '/a/c'], ['/a%5Cb', '/a/b'], ['/a%5cb%2F..', '/a/'], ['/%2F', '//'], ['/a%2f%2fb', '/a/b'], ['/a%2Fb?x=1', '/a/b?x=1']] as const;
  for (const [sent, to] of cases) test(`${sent} to ${to}`, () => assert.deepEqual(normalizePath(sent), { path: to, redirects: true }));
});

describe('a path that Envoy refuses', () => {
  for (const sent of ['/a#b', '/é', '/a b', '/%00', '*', 'a', '']) test(JSON.stringify(sent), () => assert.ok('problem' in normalizePath(sent)));
});
