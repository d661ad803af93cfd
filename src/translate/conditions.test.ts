import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, condition, joinFaults, type Fault } from './conditions.ts';

const fault = (reason: string, message: string): Fault => ({ reason, message });

test('a condition has the API\'s three states', () => {
  const about = { reason: 'Because', message: 'of it', generation: 3 };
  assert.deepEqual(condition('Accepted', true, about), { type: 'Accepted', status: 'True', reason: 'Because', message: 'of it', observedGeneration: 3 });
  assert.equal(condition('Accepted', false, about).status, 'False');
  assert.equal(condition('Accepted', 'Unknown', about).status, 'Unknown');
});

test('a fault names its field', () => {
  assert.deepEqual(at('rules[0]', at('matches[1]', fault('A', 'no good'))), fault('A', 'rules[0]: matches[1]: no good'));
});

test('no faults are no fault', () => assert.equal(joinFaults([]), undefined));

test('several faults have the first reason and every sentence once', () => {
  assert.deepEqual(joinFaults([fault('A', 'one'), fault('B', 'two'), fault('C', 'one')]), fault('A', 'one; two'));
});

test('a message does not grow without bounds', () => {
  const many = Array.from({ length: 300 }, (_, index) => fault('A', `sentence ${index}`));
  assert.equal(
    joinFaults(many)?.message,
    'sentence 0; sentence 1; sentence 2; sentence 3; sentence 4; sentence 5; sentence 6; sentence 7; and 292 more',
  );
});
