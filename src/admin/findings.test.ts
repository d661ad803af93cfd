import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition } from '../api/conditions.ts';
import { findings, type AnyStatus } from './findings.ts';

function condition(type: string, status: Condition['status'], message = '', reason = type): Condition {
  return { type, status, reason, message, observedGeneration: 1 };
}

/** `where type: message (severity)`. */
function texts(status: AnyStatus | undefined): string[] {
  return findings(status).map(({ where, type, message, severity }) => `${where} ${type}: ${message} (${severity})`.trim());
}

test('conditions that are as they should be are no findings', () => {
  assert.deepEqual(texts({ conditions: [condition('Accepted', 'True'), condition('Conflicted', 'False'), condition('OverlappingTLSConfig', 'False')] }), []);
  assert.deepEqual(texts(undefined), []);
});

test('some conditions are bad when they are True, and some of these are merely worth knowing', () => {
  assert.deepEqual(texts({ conditions: [condition('Conflicted', 'True', 'a'), condition('OverlappingTLSConfig', 'True', 'b'), condition('PartiallyInvalid', 'True', 'c')] }), [
    'Conflicted: a (error)', 'OverlappingTLSConfig: b (warning)', 'PartiallyInvalid: c (error)',
  ]);
});

test('what nobody knows yet is a warning', () => {
  assert.deepEqual(texts({ conditions: [condition('Accepted', 'Unknown', 'waiting')] }), ['Accepted: waiting (warning)']);
});

test('not being programmed goes without saying for what is not accepted', () => {
  assert.deepEqual(texts({ conditions: [condition('Accepted', 'False', 'no'), condition('Programmed', 'False', 'no')] }), ['Accepted: no (error)']);
  assert.deepEqual(texts({ conditions: [condition('Accepted', 'True'), condition('Programmed', 'False', 'no Envoy')] }), ['Programmed: no Envoy (error)']);
});

test('a Gateway leaves it to its listeners to say what is wrong with them', () => {
  const status = {
    conditions: [condition('Accepted', 'False', 'listeners not served: "a"', 'ListenersNotValid'), condition('Programmed', 'False', 'listeners not served: "a"')],
    listeners: [{ name: 'a', conditions: [condition('ResolvedRefs', 'False', 'no Secret'), condition('Programmed', 'False', 'no Secret')] }],
  };
  assert.deepEqual(texts(status), ['listener "a" ResolvedRefs: no Secret (error)']);
});

test('what is wrong with the Gateway is not repeated for each listener', () => {
  const down = condition('Programmed', 'False', 'Envoy is not running');
  assert.deepEqual(texts({ conditions: [down], listeners: [{ name: 'a', conditions: [down] }, { name: 'b', conditions: [down] }] }), ['Programmed: Envoy is not running (error)']);
});

test('what all parents of a route say is said once, the rest names its parent', () => {
  const refs = condition('ResolvedRefs', 'False', 'no Service');
  const status = {
    parents: [
      { parentRef: { name: 'one' }, conditions: [condition('Accepted', 'True'), refs] },
      { parentRef: { name: 'two', namespace: 'infra', sectionName: 'http' }, conditions: [condition('Accepted', 'False', 'not allowed'), refs] },
    ],
  };
  assert.deepEqual(texts(status), ['ResolvedRefs: no Service (error)', 'parent Gateway infra/two listener "http" Accepted: not allowed (error)']);
});
