import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { parseAnyYaml } from './parse.ts';
import { parsePlainYaml } from './plain-yaml.ts';

/** Whether a text is in the plain style; fails if it does not mean the same to the parser of all YAML. */
function agrees(text: string): boolean {
  const plain = parsePlainYaml(text);
  if (plain === undefined) return false;
  const parsed = parseAnyYaml(text);
  assert.deepEqual(plain.value, parsed.ok ? parsed.value : parsed.problems, JSON.stringify(text));
  return true;
}

const word = fc.constantFrom(
  'a', 'b', 'name', 'null', 'True', 'yes', '~', '12', '012', '-0', '1e3', '1.5', '.5', '+1', '0x1f', '0o17', '.inf', '-.INF', '.nan', '1_000', '-', '--', '---', '...',
  'a b', 'a:b', 'a: b', 'a:', ':a', 'a#b', 'a #b', '#a', '"a"', "'a'", '"a', "it's", '"a" b', '"\\n"', "''", '""', '[]', '{}', '[a]', '{a: b}', '*a', '&a', '!a', '|', '>', '%a', '@a',
  '`a', '?', '? a', '<<', '10s', '1.2.3.4', '2001-01-01', '/path', 'a/b.c-d', '\t', 'é', '$a', 'a,b', '=', '__proto__', 'constructor', 'hasOwnProperty', 'a  b', 'x-y: ', '\r', '\u0000',
);

const line = fc
  .tuple(
    fc.constantFrom(0, 0, 0, 0, 2, 2, 4, 1, 3),
    fc.constantFrom('', '', '', '', '- ', '- ', '-  ', '- - ', '-'),
    fc.constantFrom('a: ', 'b: ', 'c: ', 'd:  ', 'e:', 'name:', 'items:', 'x.y/z-w: ', 'null: ', ''),
    fc.oneof({ arbitrary: fc.constant(''), weight: 3 }, { arbitrary: fc.constantFrom('a', 'b-c', '80', '"a"'), weight: 3 }, { arbitrary: word, weight: 2 }),
    fc.constantFrom('', '', '', ' ', ' # c'),
  )
  .map(([indent, item, key, value, end]) => `${' '.repeat(indent)}${item}${key}${value}${end}`);

// fast-check prints the seed of a failure.
test('any text in the plain style means the same to the parser of all YAML', () => {
  let plain = 0;
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), fc.constantFrom('', '---\n', '# c\n'), fc.constantFrom('', '\n'), (lines, head, tail) => {
      if (agrees(`${head}${lines.join('\n')}${tail}`)) plain++;
    }),
    { numRuns: 20_000 },
  );
  assert.ok(plain > 500, `only ${plain} texts were in the plain style`);
});

const name = fc.stringMatching(/^[a-z][a-zA-Z0-9./-]{0,8}$/);
const text = fc.oneof(name, fc.stringMatching(/^[ -~]{0,12}$/), word);
const { value: tree } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, text, fc.integer(), fc.double(), fc.boolean(), fc.constant(null), tie('list'), tie('map')),
  list: fc.array(tie('value'), { maxLength: 3 }),
  map: fc.dictionary(name, tie('value'), { maxKeys: 4 }),
}));

test('what a writer of YAML wrote means the same to both', () => {
  let plain = 0;
  fc.assert(
    fc.property(fc.dictionary(name, tree, { minKeys: 1, maxKeys: 4 }), fc.boolean(), (value, indentSeq) => {
      if (agrees(stringify(value, { indentSeq, lineWidth: 0 }))) plain++;
    }),
    { numRuns: 3000 },
  );
  assert.ok(plain > 300, `only ${plain} texts were in the plain style`);
});
