import assert from 'node:assert/strict';
import { it } from 'node:test';
import { withoutProse } from './prose.ts';

it('descriptions go at every depth, and properties of that name stay', () => {
  const schema = {
    description: 'a thing',
    type: 'object',
    properties: {
      description: { description: 'of the thing', type: 'string', example: 'x' },
      list: { type: 'array', items: { description: 'an item', anyOf: [{ title: 'one', minLength: 1 }] } },
      map: { type: 'object', additionalProperties: { description: 'a value', not: { description: 'no', enum: [''] } } },
    },
    required: ['description'],
  };
  assert.deepEqual(withoutProse(schema), {
    type: 'object',
    properties: {
      description: { type: 'string' },
      list: { type: 'array', items: { anyOf: [{ minLength: 1 }] } },
      map: { type: 'object', additionalProperties: { not: { enum: [''] } } },
    },
    required: ['description'],
  });
});

it('what a default or a rule says is data', () => {
  const schema = { default: { description: 'x' }, 'x-kubernetes-validations': [{ rule: 'true', message: 'description' }] };
  assert.deepEqual(withoutProse(schema), schema);
});
