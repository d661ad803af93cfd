import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Results } from './results.ts';

const M = '\u0016';

function read(...lines: string[]): Results {
  const results = new Results();
  for (const line of lines) results.read(line);
  return results;
}

describe('results of the suite', () => {
  test('a test that passes has the seconds for which it ran, not those for which it waited', () => {
    let ms = 0;
    const results = new Results(() => ms);
    const steps = [[0, '=== RUN   TestConformance/A'], [500, '=== PAUSE TestConformance/A'], [60_000, '=== CONT  TestConformance/A'], [61_000, '    --- PASS: TestConformance/A (0.00s)']] as const;
    for (const [at, line] of steps) {
      ms = at;
      results.read(`${M}${line}`);
    }
    assert.deepEqual(results.all(), [{ name: 'A', outcome: 'pass', seconds: 1.5, failedParts: [], output: [] }]);
  });

  test('a result is answered when it is there, and only for tests of the suite', () => {
    const results = new Results();
    assert.equal(results.read(`${M}        --- PASS: TestConformance/A/part (0.10s)`), undefined);
    assert.equal(results.read(`${M}    --- PASS: TestConformance/A (0.20s)`)?.name, 'A');
    assert.equal(results.read(`${M}--- PASS: TestConformance (9.00s)`), undefined);
    assert.equal(results.root, 'pass');
  });

  test('the innermost part that failed is named', () => {
    const [result] = read(
      `${M}            --- FAIL: TestConformance/A/outer/inner (0.10s)`,
      `${M}        --- FAIL: TestConformance/A/outer (0.10s)`,
      `${M}        --- FAIL: TestConformance/A/other (0.10s)`,
      `${M}    --- FAIL: TestConformance/A (0.20s)`,
    ).all();
    assert.deepEqual(result?.failedParts, ['outer/inner', 'other']);
  });

  test('a part with the name of another and more is another part', () => {
    const [result] = read(
      `${M}        --- FAIL: TestConformance/A/request_10 (0.10s)`,
      `${M}        --- FAIL: TestConformance/A/request_1 (0.10s)`,
    ).all();
    assert.deepEqual(result?.failedParts, ['request_10', 'request_1']);
  });

  test('output belongs to the test that was named last', () => {
    const [a, b] = read(
      `${M}=== RUN   TestConformance/A`,
      'of a',
      `${M}=== RUN   TestConformance/B`,
      'of b',
      `${M}=== NAME  TestConformance/A/part`,
      'of a again',
    ).all();
    assert.deepEqual(a?.output, ['of a', 'of a again']);
    assert.deepEqual(b?.output, ['of b']);
  });

  test('what follows a result, or the suite itself says, belongs to no test', () => {
    const results = read(
      `${M}=== RUN   TestConformance`,
      'setting up',
      `${M}=== RUN   TestConformance/A`,
      `${M}    --- PASS: TestConformance/A (0.00s)`,
      'panic: test timed out after 1m0s',
    );
    assert.deepEqual(results.setup, ['setting up', 'panic: test timed out after 1m0s']);
  });

  test('a skip has its reason', () => {
    const [result] = read(
      `${M}=== RUN   TestConformance/A`,
      '    conformance.go:56: Skipping A: suite does not support ListenerSet',
      `${M}    --- SKIP: TestConformance/A (0.00s)`,
    ).all();
    assert.equal(result?.reason, 'Skipping A: suite does not support ListenerSet');
  });

  test('a test that was begun and not ended is unfinished', () => {
    assert.equal(read(`${M}=== RUN   TestConformance/A`, `${M}=== PAUSE TestConformance/A`).all()[0]?.outcome, 'unfinished');
  });

  test('a test runs until it ends or has to wait, and again from its turn on', () => {
    const results = read(`${M}=== RUN   TestConformance/A`, `${M}=== RUN   TestConformance/A/part`, `${M}=== RUN   TestConformance/B`, `${M}=== NAME  TestConformance/C`);
    assert.deepEqual([...results.running], ['A', 'B']);
    results.read(`${M}=== PAUSE TestConformance/A`);
    results.read(`${M}    --- PASS: TestConformance/B (0.00s)`);
    assert.deepEqual([...results.running], []);
    results.read(`${M}=== CONT  TestConformance/A`);
    assert.deepEqual([...results.running], ['A']);
  });

  test('the features of the class are read as the suite has read them', () => {
    assert.deepEqual(read('Supported features for GatewayClass eg: [HTTPRoute Gateway]').supported, ['HTTPRoute', 'Gateway']);
  });

  test('what is kept of the output has a limit', () => {
    const lines = Array.from({ length: 500 }, (_, index) => `line ${index}`);
    const [result] = read(`${M}=== RUN   TestConformance/A`, ...lines).all();
    assert.equal(result?.output.length, 200);
    assert.equal(result?.output.at(-1), 'line 499');
  });
});
