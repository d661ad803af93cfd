import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { parseYaml } from './parse.ts';
import { leadingLines, splitDocuments } from './split.ts';

function split(text: string): string[] {
  const bytes = Buffer.from(text);
  return splitDocuments(bytes).map(({ start, end }) => bytes.toString('utf8', start, end));
}

describe('documents', () => {
  const cases: readonly (readonly [name: string, text: string, documents: readonly string[]])[] = [
    ['are none in an empty file', '', []],
    ['are none where there are only comments', '# a\n\n  # b\n', []],
    ['begin with a marker or without', 'a: 1\n---\nb: 2\n', ['a: 1\n', '---\nb: 2\n']],
    ['may share a line with their marker', '--- {a: 1}\n--- # b\nb: 2', ['--- {a: 1}\n', '--- # b\nb: 2']],
    ['are not divided by what only looks like a marker', 'a: 1\n----\n---b\n ---\n', ['a: 1\n----\n---b\n ---\n']],
    ['are divided inside of scalars', 'a: |\n  text\n---\nb: "x\n---\n', ['a: |\n  text\n', '---\nb: "x\n', '---\n']],
    ['may end with dots', 'a: 1\n...\n# comment\n---\nb: 2\n...\n', ['a: 1\n', '---\nb: 2\n']],
    ['have their directives', '%YAML 1.2\n---\na: 1\n...\n# c\n%YAML 1.2\n---\nb: 2\n', ['%YAML 1.2\n---\na: 1\n', '%YAML 1.2\n---\nb: 2\n']],
    ['may begin after dots without a marker', 'a: 1\n...\nb: 2\n', ['a: 1\n', 'b: 2\n']],
    ['may have Windows line ends', 'a: 1\r\n---\r\nb: 2\r\n', ['a: 1\r\n', '---\r\nb: 2\r\n']],
    ['may come after a byte order mark', '\ufeff---\na: 1\n', ['---\na: 1\n']],
  ];
  for (const [name, text, documents] of cases) {
    test(name, () => assert.deepEqual(split(text), documents));
  }

  test('know how many lines are before them', () => {
    const text = '# one\n---\n# three\n\na: 1\n---\nb: 2\n';
    assert.deepEqual(splitDocuments(Buffer.from(text)).map(({ linesBefore }) => linesBefore), [1, 5]);
    assert.equal(leadingLines('---\n# three\n\na: 1\n'), 3);
    assert.equal(leadingLines('--- # comment\r\na: 1'), 1);
    assert.equal(leadingLines('--- {a: 1}'), 0);
  });
});

/** Lines that matter to a splitter, put together at random; most of the results are not even YAML. */
const line = fc.constantFrom(
  '---', '--- ', '--- # c', '--- x', '---x', '...', '... # c', '....', '# comment', '', '  ', 'a: 1', 'b: |', '  text', '  ---', 'c: >-', '- d', '- "e', 'f"',
  `g: 'h`, `i'`, '[j,', 'k]', '{l: m', '}', 'n: # c', '%YAML 1.2', ' o: 1', '--- |', '--- "p', '--- {q: 1}', 'r: ---', '- ---',
);

const streams = fc.tuple(fc.array(line, { maxLength: 12 }), fc.constantFrom('\n', '\r\n'), fc.boolean()).map(([lines, end, last]) => lines.join(end) + (last ? end : ''));

/** A document of a good stream. */
const goodDocument = fc.oneof(
  fc.json({ maxDepth: 2 }).map((json) => json.replaceAll('\n', ' ')),
  fc.stringMatching(/^[a-z -]{1,20}$/).map((text) => `key: |\n${text.split(' ').map((word) => `  ${word}\n`).join('')}  ---\nnext: 1`),
  fc.constantFrom('a: 1', '# only a comment', '', '- a\n-  b', 'a:\n  b: "---"\n  c: "x\n    --- y"', 'text\n more'),
);

function valuesOf(stream: string): unknown[] {
  const documents = parseAllDocuments(stream, { schema: 'core', merge: true, stringKeys: true, uniqueKeys: false, logLevel: 'silent' });
  return documents.filter(({ errors }) => errors.length === 0).map((document) => document.toJS() as unknown);
}

function splitValuesOf(stream: string): unknown[] {
  return split(stream).map((text) => {
    const parsed = parseYaml(text);
    return parsed.ok ? parsed.value : parsed.problems;
  });
}

const notNull = (value: unknown): boolean => value !== null;

test('a stream of good documents has the values that a parser of whole streams finds', () => {
  fc.assert(
    fc.property(fc.array(goodDocument, { maxLength: 6 }), fc.constantFrom('---\n', '--- # next\n', '...\n---\n'), (documents, between) => {
      const stream = documents.map((text) => `${text}\n`).join(between);
      assert.deepEqual(splitValuesOf(stream).filter(notNull), valuesOf(stream).filter(notNull));
    }),
    { numRuns: 500 },
  );
});

test('a stream of anything has, where a parser of whole streams finds no error, the same values', () => {
  fc.assert(
    fc.property(streams, (stream) => {
      const whole = parseAllDocuments(stream, { schema: 'core', merge: true, stringKeys: true, logLevel: 'silent' });
      fc.pre(whole.every(({ errors }) => errors.length === 0));
      assert.deepEqual(splitValuesOf(stream).filter(notNull), whole.map((document) => document.toJS() as unknown).filter(notNull));
    }),
    { numRuns: 3_000 },
  );
});

test('the pieces of a stream are in order and leave out nothing but comments, blank lines, markers and stray directives', () => {
  fc.assert(
    fc.property(streams, (stream) => {
      const bytes = Buffer.from(stream);
      let at = 0;
      for (const { start, end, linesBefore } of splitDocuments(bytes)) {
        assert.match(bytes.toString('utf8', at, start), /^(\s*(#.*|%.*|\.\.\.([ \t].*)?)?\r?(\n|$))*$/);
        assert.equal(linesBefore, bytes.toString('utf8', 0, start).split('\n').length - 1);
        assert.ok(end > start);
        at = end;
      }
    }),
    { numRuns: 1_000 },
  );
});
