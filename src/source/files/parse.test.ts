import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxNesting } from './limits.ts';
import { parseJson, parseYaml, tooDeep, type Parsed } from './parse.ts';

const messages = (parsed: Parsed) => (parsed.ok ? [] : parsed.problems.map(({ message }) => message));
const flow = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const block = (depth: number) => Array.from({ length: depth }, (_, i) => `${' '.repeat(i)}a:\n`).join('');

test('what is nested to the limit is read, one level more is not, in YAML and JSON', () => {
  for (const text of [flow(maxNesting), block(maxNesting)]) assert.deepEqual(messages(parseYaml(text)), []);
  for (const text of [flow(maxNesting + 1), block(maxNesting + 1), flow(5_000), flow(50_000), block(3_000)]) assert.deepEqual(messages(parseYaml(text)), [tooDeep]);
  assert.deepEqual(messages(parseJson(flow(maxNesting))), []);
  for (const depth of [maxNesting + 1, 50_000, 1_000_000]) assert.deepEqual(messages(parseJson(flow(depth))), [tooDeep]);
});

test('of a document that does not parse only the first error is told', () => {
  assert.equal(messages(parseYaml('a: [\n  {]\nb: }\n - x\nc: "\n')).length, 1);
});

test('a key given twice is a problem, in JSON as in YAML', () => {
  const text = '{"a": {"b": 1,\n"b": 2}}';
  const expected = { ok: false, problems: [{ line: 1, message: 'key "b" is given twice in this map' }] };
  assert.deepEqual([parseJson(text), parseYaml(text)], [expected, expected]);
});
