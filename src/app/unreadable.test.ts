import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unreadable } from './unreadable.ts';
import type { KindState } from '../source/kubernetes/kubernetes-source.ts';

const denied = (kind: KindState['kind'], namespace = ''): KindState => ({ kind, namespace, state: { kind: 'denied', message: 'forbidden' } });

const table: readonly [sentence: string, states: readonly KindState[], expected: readonly string[]][] = [
  ['all can be read', [{ kind: 'Gateway', namespace: '', state: { kind: 'watching' } }, { kind: 'Backend', namespace: '', state: { kind: 'absent' } }], []],
  ['Gateways are hidden', [denied('Gateway')], ['Gateway objects may not be read: forbidden']],
  ['Gateways of one namespace are hidden', [denied('Gateway', 'team')], ['Gateway objects of namespace team may not be read: forbidden']],
  ['Services of one namespace are hidden', [denied('Service', 'team')], []],
  ['a kind is hidden that others can do without', [denied('Backend')], []],
];

for (const [sentence, states, expected] of table) test(sentence, () => assert.deepEqual(unreadable(states), expected));
