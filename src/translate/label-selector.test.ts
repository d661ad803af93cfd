import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selects } from './label-selector.ts';
import type { LabelSelector } from './gateways/state.ts';

const labels = { team: 'web', tier: 'front' };

function expression(key: string, operator: string, values?: readonly string[]): LabelSelector {
  return { matchExpressions: [{ key, operator, ...(values !== undefined && { values }) }] };
}

const table: readonly [sentence: string, selector: LabelSelector, expected: boolean][] = [
  ['an empty selector fits everything', {}, true],
  ['all labels must have their value', { matchLabels: { team: 'web', tier: 'front' } }, true],
  ['one label with another value is enough not to fit', { matchLabels: { team: 'web', tier: 'back' } }, false],
  ['a label that is missing does not fit', { matchLabels: { owner: 'me' } }, false],
  ['In: the value is one of them', expression('team', 'In', ['bank', 'web']), true],
  ['In: the value is none of them', expression('team', 'In', ['bank']), false],
  ['In: a missing label is in nothing', expression('owner', 'In', ['me']), false],
  ['NotIn: the value is none of them', expression('team', 'NotIn', ['bank']), true],
  ['NotIn: the value is one of them', expression('team', 'NotIn', ['web']), false],
  ['NotIn: a missing label is in nothing', expression('owner', 'NotIn', ['me']), true],
  ['Exists: the label is there', expression('team', 'Exists'), true],
  ['Exists: the label is not there', expression('owner', 'Exists'), false],
  ['DoesNotExist: the label is not there', expression('owner', 'DoesNotExist'), true],
  ['DoesNotExist: the label is there', expression('team', 'DoesNotExist'), false],
  ['an operator that nobody knows fits nothing', expression('team', 'Gt', ['1']), false],
  ['labels and expressions must fit together', { matchLabels: { team: 'web' }, ...expression('tier', 'In', ['back']) }, false],
];

for (const [sentence, selector, expected] of table) {
  test(sentence, () => assert.equal(selects(selector, labels), expected));
}
