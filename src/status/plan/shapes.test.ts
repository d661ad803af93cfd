import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { schemaOf } from '../../api/crds.ts';
import { kindNamed, type KindName } from '../../api/kinds.ts';
import type { Schema } from '../../api/schema.ts';
import { MAX_MESSAGE_BYTES } from './conditions.ts';
import { MAX_ADDRESSES, MAX_FEATURES, shapeOf, STATUS_KINDS, type Shape } from './shapes.ts';

function statusSchema(name: string): Readonly<Record<string, Schema>> {
  const kind = kindNamed(name as KindName);
  return (schemaOf(kind, kind.storageVersion) as Schema).properties?.['status']?.properties ?? {};
}

/** Fields and limits, as the shape has them and as they are in the CRD. */
function described(shape: Shape | undefined): object {
  if (shape?.form === 'entries') return { [shape.list]: shape.max, ...(shape.conditions !== undefined && { fields: ['conditions'] }) };
  return { fields: ['conditions', ...(shape?.fields ?? [])].sort() };
}

describe('the shape of a status is that of the CRD', () => {
  for (const name of STATUS_KINDS) {
    test(name, () => {
      const shape = shapeOf(name);
      const schema = statusSchema(name);
      const list = Object.entries(schema).filter(([field]) => ['parents', 'ancestors', 'parent'].includes(field));
      // Envoy Gateway's EnvoyProxy has no limit; that of the other policies will do.
      const others = Object.keys(schema).filter((field) => shape?.form === 'entries' && shape.conditions !== undefined && field !== shape.list);
      const actual = list.length > 0 ? { ...Object.fromEntries(list.map(([field, { maxItems }]) => [field, maxItems ?? 16])), ...(others.length > 0 && { fields: others }) } : { fields: Object.keys(schema).sort() };
      assert.deepEqual(actual, described(shape));
    });
  }
});

test('the limits are those of the CRDs', () => {
  const gateway = statusSchema('Gateway');
  assert.equal(gateway['addresses']?.maxItems, MAX_ADDRESSES);
  assert.equal(statusSchema('GatewayClass')['supportedFeatures']?.maxItems, MAX_FEATURES);
  assert.equal(gateway['conditions']?.items?.properties?.['message']?.maxLength, MAX_MESSAGE_BYTES);
});
