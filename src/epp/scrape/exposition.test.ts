import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ExpositionScanner } from './exposition.ts';

const names = ['vllm:num_requests_running', 'vllm:num_requests_waiting', 'vllm:kv'];

/** `name=value` of the series that are found, with the label `a` where there is one. */
function found(text: string, wanted: readonly string[] = names): string[] {
  const lines: string[] = [];
  new ExpositionScanner(wanted).scan(Buffer.from(text), (family, series) => {
    const label = series.label('a');
    lines.push(`${wanted[family]}=${series.value}${label === undefined ? '' : ` a=${label}`}`);
  });
  return lines;
}

describe('a scan finds', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['wanted families among others', 'up 1\nvllm:kv 2\nvllm:other 3\n', ['vllm:kv=2']],
    ['one on the first line and one on the last, which has no end', 'vllm:kv 1\nvllm:num_requests_running 2', ['vllm:kv=1', 'vllm:num_requests_running=2']],
    ['every series of a family', 'vllm:kv{a="x"} 1\nvllm:kv{a="y"} 2\n', ['vllm:kv=1 a=x', 'vllm:kv=2 a=y']],
    ['no comment', '# HELP vllm:kv 1\n# vllm:kv 2\n#vllm:kv 3\n', []],
    ['no family whose name only begins alike', 'vllm:kv_total 1\nvllm:kv_total{a="x"} 1\nvllm:num_requests_running_x 1\n', []],
    ['no family in the middle of a line', 'x vllm:kv 1\n vllm:kv 2\n', []],
    ['numbers in all their forms', 'vllm:kv 1e3\nvllm:kv +1.5\nvllm:kv -2\nvllm:kv 0x1F\n', ['vllm:kv=1000', 'vllm:kv=1.5', 'vllm:kv=-2', 'vllm:kv=31']],
    ['no number that is none or not finite', 'vllm:kv NaN\nvllm:kv +Inf\nvllm:kv -Inf\nvllm:kv x\nvllm:kv \nvllm:kv\nvllm:kv 1,5\n', []],
    ['numbers before timestamps and exemplars', 'vllm:kv 1 1764000009301\nvllm:kv{a="x"} 2 # {t="}"} 3 4\n', ['vllm:kv=1', 'vllm:kv=2 a=x']],
    ['lines that end as on Windows', 'vllm:kv 1\r\nvllm:kv{a="x"} 2\r\n', ['vllm:kv=1', 'vllm:kv=2 a=x']],
    ['braces, commas, quotes and backslashes in labels', 'vllm:kv{b="}",a="x,\\"y\\"} \\\\\\n"} 1\n', ['vllm:kv=1 a=x,"y"} \\\n']],
    ['labels with blanks around them', 'vllm:kv { a="x" } 1\nvllm:kv{ b="1", a = "x", } 2\t\n', ['vllm:kv=2 a=x']],
    ['text that is not ASCII', 'vllm:kv{a="modèle-日本"} 1\n', ['vllm:kv=1 a=modèle-日本']],
    ['nothing in labels without an end, and goes on in the next line', 'vllm:kv{a="x 1\nvllm:kv{a="\\\nvllm:kv 2\n', ['vllm:kv=2']],
    ['nothing in a page of HTML', '<html><body>404 vllm:kv</body></html>', []],
    ['nothing in nothing', '', []],
  ];
  for (const [name, text, expected] of cases) test(name, () => assert.deepEqual(found(text), expected));

  test('one family alone, or one whose name begins another', () => {
    assert.deepEqual(found('ab 1\nab{a="x"} 2\nab\t3\nabc 4\n', ['ab']), ['ab=1', 'ab=2 a=x', 'ab=3']);
    assert.deepEqual(found('ab 1\nabc{a="x"} 2\nab\t3\nabcd 4\n', ['ab', 'abc']), ['ab=1', 'abc=2 a=x', 'ab=3']);
  });

  test('nothing when nothing is wanted', () => assert.deepEqual(found('ab 1\n', []), []));

  test('a value of labels of megabytes, but not the labels', () => {
    assert.deepEqual(found(`vllm:kv{a="${'x'.repeat(2_000_000)}"} 1\nvllm:kv 2\n`), ['vllm:kv=1', 'vllm:kv=2']);
  });

  test('no end in a number of megabytes, and goes on', () => assert.deepEqual(found(`vllm:kv ${'1'.repeat(2_000_000)}\nvllm:kv 2\n`), ['vllm:kv=2']));
});

test('a scan finds the same as looking at each line by itself', () => {
  const pieces = ['a', 'ab', 'abc', 'vllm:kv', 'vllm:k', '{', '}', '"', '\\', 'a="x"', ',', '=', ' ', '\t', '\n', '\r\n', '#', '1', '2.5', 'NaN', 'é', '\u0000'];
  const wanted = ['a', 'abc', 'vllm:kv'];
  const naive = (text: string): string[] =>
    text.split('\n').flatMap((line) => {
      const [, name = '', labels = '', value = ''] = /^([^\s{]+)(\{(?:"(?:\\[^]|[^"\\])*"|[^"}])*\}|(?=[ \t]))[ \t]*([^ \t\r]{1,64})(?:[ \t\r]|$)/s.exec(line) ?? [];
      const number = Number(value);
      const label = [...labels.slice(1, -1).matchAll(/([a-zA-Z_]\w*)\s*=\s*"((?:\\[^]|[^"\\])*)"/g)].filter(([, one]) => one === 'a').at(-1)?.[2]?.replaceAll(/\\([^])/g, (_, c: string) => (c === 'n' ? '\n' : c));
      return wanted.includes(name) && value !== '' && Number.isFinite(number) ? [`${name}=${number}${label === undefined ? '' : ` a=${label}`}`] : [];
    });
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 60 }), (parts) => {
      const text = parts.join('');
      assert.deepEqual(found(text, wanted), naive(text));
    }),
    { numRuns: 3000 },
  );
});
