import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { parseAnyYaml } from './parse.ts';
import { parsePlainYaml } from './plain-yaml.ts';
import { route } from './testing.ts';

test('what is in the plain style is parsed', () => {
  const text = `---
# comment
kind: "List"
on: yes
empty: {}
none:
items:
- name: 'a'
  ports: [] 
  values:
    - 10
    - -1
    - 1.2.3.4
    -
    - x: http://host:80/path?q=1

  # comment
  more: ~
-   deep:
      true: false
`;
  assert.deepEqual(parsePlainYaml(text), {
    value: {
      kind: 'List',
      on: 'yes',
      empty: {},
      none: null,
      items: [
        { name: 'a', ports: [], values: [10, -1, '1.2.3.4', null, { x: 'http://host:80/path?q=1' }], more: null },
        { deep: { true: false } },
      ],
    },
    itemLines: [7, 18],
  });
  const whole = parseAnyYaml(text);
  assert.deepEqual(whole.ok && whole.value, parsePlainYaml(text)?.value);
  assert.notEqual(parsePlainYaml(route('a', 'text')), undefined);
});

test('what is not is left to the whole parser', () => {
  const texts = [
    'a: |\n  b', 'a: &x 1', 'a: *x', 'a: !!str 1', 'a: [1]', 'a: {b: 1}', 'a: 1 # c', 'a: "b\\n"', `a: 'it''s'`, 'a: b\n  c', 'a: b: c', 'a: 1.5', 'a: 0x10', 'a: 010',
    'a:\tb', 'a: b\r\nc: d', '<<: 1', '"a": 1', '? a', 'text', 'a: 1\na: 2', '__proto__: 1', '- - 1', 'a: 1\n---\nb: 2', 'a: 1\n...', '%YAML 1.2\n---\na: 1', '--- {a: 1}',
    'a:\n   b: 1\n  c: 2', '- a\nb: 1', 'a: 1\n- b', 'a: `b`', 'a: @b', 'a: .5', 'a: .inf', 'a: 1e3', 'a: 99999999999999999999', 'a: "b" c', 'a: -', 'a: b:', 'a b: 1',
  ];
  for (const text of texts) assert.equal(parsePlainYaml(text), undefined, text);
});

/** Whether the quick parser took a text; if it did, it must agree with the whole one. */
function isTaken(text: string): boolean {
  const plain = parsePlainYaml(text);
  const whole = parseAnyYaml(text);
  const wholeResult = whole.ok ? whole.value : whole.problems;
  assert.deepEqual(plain === undefined ? wholeResult : plain.value, wholeResult, JSON.stringify(text));
  return plain !== undefined;
}

const word = fc.constantFrom(
  'a', 'b', 'name', 'null', 'True', 'yes', '~', '12', '012', '-0', '1e3', '1.5', '.5', '+1', '0x1f', '0o17', '.inf', '-.INF', '.nan', '1_000', '-', '--', '---', '...',
  'a b', 'a:b', 'a: b', 'a:', ':a', 'a#b', 'a #b', '#a', '"a"', "'a'", '"a', "it's", '"a" b', '"\\n"', "''", '""', '[]', '{}', '[a]', '{a: b}', '*a', '&a', '!a', '|', '>', '%a', '@a',
  '`a', '?', '? a', '<<', '10s', '1.2.3.4', '2001-01-01', '/path', 'a/b.c-d', '\t', 'é', '$a', 'a,b', '=', '__proto__', 'constructor', 'hasOwnProperty', 'a  b', 'x-y: ', '\r', '\u0000',
);

const simple = fc.constantFrom('', '', 'a', 'b-c', '80', '"a"', "'b'", 'http://x/y');

const line = fc
  .tuple(
    fc.constantFrom(0, 0, 0, 0, 2, 2, 4, 1, 3),
    fc.constantFrom('', '', '', '', '- ', '- ', '-  ', '- - ', '-'),
    fc.constantFrom('a: ', 'b: ', 'c: ', 'd:  ', 'e:', 'items:', 'x.y/z-w: ', 'null: ', ''),
    fc.oneof({ weight: 3, arbitrary: simple }, { weight: 1, arbitrary: word }),
    fc.constantFrom('', '', '', ' ', ' # c'),
  )
  .map(([indent, item, key, value, end]) => `${' '.repeat(indent)}${item}${key}${value}${end}`);

test('any text that it takes has the value that the whole parser finds', () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), fc.constantFrom('', '---\n', '# c\n'), fc.constantFrom('', '\n'), (lines, head, tail) => {
      if (isTaken(`${head}${lines.join('\n')}${tail}`)) taken++;
    }),
    { numRuns: 10_000 },
  );
  assert.ok(taken > 500, `only ${taken} texts were taken`);
});

test('what a writer of YAML wrote has the value that the whole parser finds', () => {
  const scalar = fc.oneof(word, fc.string({ maxLength: 12 }), fc.integer(), fc.boolean(), fc.constant(null), fc.double({ noNaN: true }), fc.stringMatching(/^[-a-z0-9.:/ #'"]{0,12}$/));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      scalar,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(fc.stringMatching(/^[a-zA-Z_][a-z./-]{0,6}$/), fc.string({ maxLength: 5 })), tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));
  let taken = 0;
  fc.assert(
    fc.property(value, fc.boolean(), fc.constantFrom(2, 4), (written, indentSeq, indent) => {
      if (isTaken(stringify(written, { indentSeq, indent, lineWidth: 0, aliasDuplicateObjects: false }))) taken++;
    }),
    { numRuns: 2_000 },
  );
  assert.ok(taken > 50, `only ${taken} were taken`);
});
