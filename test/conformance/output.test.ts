import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLine } from './output.ts';

test('a framing line names the test whose output follows', () => {
  assert.deepEqual(readLine('\u0016=== RUN   TestConformance/HTTPRouteWeight'), [{ kind: 'run', test: 'TestConformance/HTTPRouteWeight' }]);
  assert.deepEqual(readLine('\u0016=== PAUSE TestConformance/A'), [{ kind: 'pause', test: 'TestConformance/A' }]);
  assert.deepEqual(readLine('\u0016=== CONT  TestConformance/A'), [{ kind: 'continue', test: 'TestConformance/A' }]);
  assert.deepEqual(readLine('\u0016=== NAME  TestConformance/A'), [{ kind: 'name', test: 'TestConformance/A' }]);
});

test('an empty name means that what follows belongs to no test', () => {
  assert.deepEqual(readLine('\u0016=== NAME  '), [{ kind: 'name', test: '' }]);
});

test('a result has its outcome, however deep it is nested', () => {
  assert.deepEqual(readLine('\u0016    --- FAIL: TestConformance/A (12.03s)'), [{ kind: 'result', test: 'TestConformance/A', outcome: 'fail' }]);
  assert.deepEqual(readLine('\u0016        --- SKIP: TestConformance/A/b (0.00s)'), [{ kind: 'result', test: 'TestConformance/A/b', outcome: 'skip' }]);
});

test('what looks like a result but is not framed is text', () => {
  assert.deepEqual(readLine('    --- PASS: TestConformance/A (0.00s)'), [{ kind: 'text', text: '    --- PASS: TestConformance/A (0.00s)' }]);
});

test('text without a newline before a frame is a line of its own', () => {
  assert.deepEqual(readLine('WARNING: skipping...\u0016=== RUN   TestConformance/A'), [
    { kind: 'text', text: 'WARNING: skipping...' },
    { kind: 'run', test: 'TestConformance/A' },
  ]);
});

test('an empty line is kept as text', () => {
  assert.deepEqual(readLine(''), [{ kind: 'text', text: '' }]);
});
