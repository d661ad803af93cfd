import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PathMatch } from '../../ir/route.ts';
import { pathEdit } from './path-edit.ts';
import type { PathEdit } from './path-edit.ts';
import { matchedPrefix } from './route-match.ts';

/** What Envoy does with a path that matched `prefix` (without its trailing slash). */
function apply(edit: PathEdit | undefined, path: string, prefix: string): string {
  switch (edit?.type) {
    case 'full':
      return edit.path;
    case 'prefix':
      return edit.prefix + path.slice(prefix === '' ? 1 : prefix.length);
    case 'regex':
      return path.replace(new RegExp(edit.pattern), () => edit.substitution);
    case undefined:
      return path;
  }
}

/** The specification read aloud: slashes at the end of prefix and replacement do not count, and no path is empty. */
function model(path: string, prefix: string, replacement: string): string {
  const rest = path.slice(prefix.replace(/\/+$/, '').length);
  return replacement.replace(/\/+$/, '') + rest || '/';
}

test('replacing a prefix does what the specification says, for any prefix, rest and replacement', () => {
  const segment = fc.stringMatching(/^[a-z.*+()$^|\\[\]{}?-]{1,4}$/);
  const segments = fc.array(segment, { maxLength: 3 }).map((list) => list.map((each) => `/${each}`).join(''));
  const slash = fc.constantFrom('', '/');
  fc.assert(
    fc.property(segments, slash, segments, slash, segments, slash, (prefix, prefixSlash, rest, restSlash, replacement, replacementSlash) => {
      const match: PathMatch = { type: 'PathPrefix', value: prefix + prefixSlash || '/' };
      const path = prefix + rest + restSlash || '/';
      const edit = pathEdit({ type: 'ReplacePrefixMatch', value: replacement + replacementSlash }, matchedPrefix(match));
      assert.equal(apply(edit, path, prefix), model(path, prefix, replacement));
    }),
  );
});

test('a prefix cannot be replaced where none is matched', () => {
  assert.equal(pathEdit({ type: 'ReplacePrefixMatch', value: '/x' }, matchedPrefix({ type: 'Exact', value: '/a' })), undefined);
});

test('a path begins with a slash, whatever the user wrote', () => {
  assert.deepEqual(pathEdit({ type: 'ReplaceFullPath', value: 'x' }, ''), { type: 'full', path: '/x' });
  assert.deepEqual(pathEdit({ type: 'ReplacePrefixMatch', value: 'x' }, '/a'), { type: 'prefix', prefix: '/x' });
});
