import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseMetricSpec } from './metric-spec.ts';

describe('a metric is written', () => {
  const valid: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
    ['vllm:num_requests_waiting', 'vllm:num_requests_waiting', {}],
    ['  m{}  ', 'm', {}],
    ['m{a=b}', 'm', { a: 'b' }],
    ['m{a="b, c",d=e-1.5/x}', 'm', { a: 'b, c', d: 'e-1.5/x' }],
    ['m { a = "b" , c="x\\"}y\\\\" }', 'm', { a: 'b', c: 'x"}y\\' }],
    ['m{a=b,}', 'm', { a: 'b' }],
  ];
  for (const [text, name, labels] of valid) {
    test(text, () => {
      const spec = parseMetricSpec(text, 'f');
      assert.deepEqual([spec.name, Object.fromEntries(spec.labels)], [name, labels]);
    });
  }

  const invalid: readonly (readonly [string, string])[] = [
    ['', 'f: "" is no metric; write name or name{label=value}'],
    ['1m', 'f: "1m" is no metric; write name or name{label=value}'],
    ['m{a=b', 'f: "m{a=b" is no metric; write name or name{label=value}'],
    ['m{a}', 'f: "a" is no label; write label=value or label="value"'],
    ['m{a=b,c=d e}', 'f: "c=d e" is no label; write label=value or label="value"'],
    ['m{a=b,a=c}', 'f: label a is there twice'],
    [`m{a="${'x'.repeat(5000)}"}`, `f: ${JSON.stringify(`m{a="${'x'.repeat(75)}`)} is no metric; write name or name{label=value}`],
  ];
  for (const [text, message] of invalid) test(`not as ${text.slice(0, 20)}`, () => assert.throws(() => parseMetricSpec(text, 'f'), { message }));
});
