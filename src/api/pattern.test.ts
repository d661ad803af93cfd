import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { KINDS } from './kinds.ts';
import { compilePattern, mayExplode } from './pattern.ts';

/** All patterns of our definitions: of schemas, and in calls of `matches` in rules. */
function patternsIn(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value !== 'object' || value === null) return found;
  for (const [key, one] of Object.entries(value)) {
    if (key === 'pattern' && typeof one === 'string') found.add(one);
    else if (key === 'rule' && typeof one === 'string') for (const [, raw, plain = raw] of one.matchAll(/matches\((?:r"""(.*?)"""|'(.*?)')\)/g)) found.add((plain ?? '').replaceAll('\\\\', '\\'));
    else patternsIn(one, found);
  }
  return found;
}

const patterns = [...new Set([...KINDS.values()].flatMap((kind) => [...patternsIn(JSON.parse(kind.json))]))];

test('every pattern of our definitions matches what RE2 matches', () => {
  assert.ok(patterns.length > 40);
  const piece = fc.constantFrom('a', 'A', 'Z9', '-', '.', '/', ':', '*', ' ', '\t', '\n', '_', '%', '1h', '500ms', '10.0.0.1', 'fe80', '::', 'https://', 'example.com', 'é', 'ſ', 'K', '☃', '😀', '#', '?', '@', '\u0000');
  const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
  const twins = patterns.map((pattern) => ({ pattern, ours: compilePattern(pattern), re2: RE2JS.compile(pattern) }));
  fc.assert(fc.property(text, (one) => {
    for (const { pattern, ours, re2 } of twins) assert.equal(ours.test(one), re2.matcher(one).find(), `${pattern} on ${JSON.stringify(one)}`);
  }), { numRuns: 300 });
});

test('a repeated group with a repetition in it may explode, unless only a dot begins it', () => {
  const exploding = ['(a+)+', '([\\t ]?[!-~]+)*', '((a|b)*)*', '([\\w-]+\\.?)+', '(\\.[^/]*)*', '(?:a{2,}b?)*', '((\\.a)+x?)+'];
  const harmless = ['a+b*', '(a+b)?', '(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*', '[(a+)+]', '\\(a+\\)+', '(ab|cd)*', '([a-z]*/)?x'];
  assert.deepEqual([exploding.filter((pattern) => !mayExplode(pattern)), harmless.filter(mayExplode)], [[], []]);
});

test('a text made to mislead a backtracking engine costs no time to speak of', { timeout: 20_000 }, () => {
  for (const pattern of patterns) {
    for (const part of ['a', 'a.', 'a-', '/', '1h', '0', ':1', '! ', 'a.b/']) assert.equal(typeof compilePattern(pattern).test(`${part.repeat(500)}\u0001`), 'boolean');
  }
});
