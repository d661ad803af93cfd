import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progressLines } from './progress.ts';

const passed = { name: 'A', outcome: 'pass', seconds: 3.456, failedParts: [], output: ['chatter'] } as const;

test('a test that passed takes one line', () => {
  assert.deepEqual(progressLines(passed, ' 3/70'), ['[ 3/70] ok    A  3.5 s']);
});

test('a skip has its reason', () => {
  assert.deepEqual(progressLines({ ...passed, outcome: 'skip', reason: 'Skipping A' }, '1/1'), ['[1/1] skip  A  3.5 s: Skipping A']);
});

test('below a failure is what failed and why', () => {
  const output = ['chatter', '        \tError Trace:\thttp.go:1', '        \tError:      \tcondition never met', '    apply.go:279: tidying up'];
  assert.deepEqual(progressLines({ ...passed, outcome: 'fail', failedParts: ['part'], output }, '1/1'), [
    '[1/1] FAIL  A  3.5 s',
    '        failed: part',
    '        Error Trace:\thttp.go:1',
    '        Error:      \tcondition never met',
  ]);
});

test('a failure without a trace shows its last words', () => {
  assert.deepEqual(progressLines({ ...passed, outcome: 'fail' }, '1/1'), ['[1/1] FAIL  A  3.5 s', '        chatter']);
});
