import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logLine } from './log.ts';

const time = new Date(2026, 0, 31, 14, 3, 7, 5).getTime();

test('a line has time, level, message and fields', () => {
  assert.equal(logLine({ level: 'info', time, msg: 'stopped an Envoy', proxy: 'default/web', pid: 7 }), '14:03:07.005 INFO  stopped an Envoy  proxy=default/web  pid=7\n');
});

test('a problem of a file reads as validate prints it', () => {
  const fields = { file: 'a.yaml', line: 3, kind: 'HTTPRoute', key: 'default/web', field: 'spec.rules' };
  assert.equal(logLine({ level: 'error', time, msg: 'Required value', ...fields }), '14:03:07.005 ERROR a.yaml:3: HTTPRoute default/web: spec.rules: Required value\n');
  assert.equal(logLine({ level: 'warn', time, msg: 'is empty', file: 'a.yaml', line: 0, kind: '', key: '', field: '' }), '14:03:07.005 WARN  a.yaml: is empty\n');
});

test('values with blanks are quoted, and an error says what it is', () => {
  const line = logLine({ level: 'error', time, msg: 'failed', reason: 'a b', err: { message: 'no such file' } });
  assert.equal(line, '14:03:07.005 ERROR failed  reason="a b"  error="no such file"\n');
});

test('control characters do not reach the terminal, and a stack keeps its lines', () => {
  const esc = '\u001b[2J';
  const line = logLine({ level: 'error', time, msg: `bad ${esc}`, file: `a${esc}`, reason: '\u009b', err: { message: 'x', stack: `Error: ${esc}\n    at y` } });
  assert.equal(line, '14:03:07.005 ERROR a\\u001b[2J: bad \\u001b[2J  reason="\\u009b"  error=x\nError: \\u001b[2J\n    at y\n');
});
