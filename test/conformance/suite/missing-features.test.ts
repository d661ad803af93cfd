import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import type { Catalogue } from './catalogue.ts';
import { fits, missingFeatures, type Definition } from './missing-features.ts';

const group = 'gateway.networking.k8s.io';
const spec = { properties: { hostnames: { items: {} }, rules: { items: { properties: { name: {} } } } } };
const route: Definition = { spec: { group, names: { kind: 'HTTPRoute' }, versions: [{ name: 'v1', schema: { openAPIV3Schema: { properties: { apiVersion: {}, kind: {}, metadata: {}, spec } } } }] } };

function manifest(more: object, kind = 'HTTPRoute', version = 'v1'): string {
  return stringify({ apiVersion: `${group}/${version}`, kind, metadata: { name: 'a' }, ...more });
}

test('a manifest fits when the definitions know each of its fields, its kind and its version', () => {
  assert.ok(fits(manifest({ spec: { hostnames: ['a'], rules: [{ name: 'r' }] } }), [route]));
  assert.ok(fits('apiVersion: v1\nkind: Service\nspec: { ports: [] }\n', [route]));
  assert.ok(!fits(manifest({ spec: { rules: [{ name: 'r' }, { retry: {} }] } }), [route]));
  assert.ok(!fits(manifest({}, 'XMesh'), [route]));
  assert.ok(!fits(manifest({}, 'HTTPRoute', 'v2'), [route]));
});

test('an experimental feature is missing when a manifest of its tests does not fit, and where it has no test', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'moongate-missing-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'crd.yaml'), stringify(route));
  await writeFile(join(folder, 'retry.yaml'), manifest({ spec: { rules: [{ retry: {} }] } }));
  await writeFile(join(folder, 'mixed.yaml'), manifest({ spec: { hostnames: ['a'] } }));
  const catalogue: Catalogue = {
    profiles: {},
    experimental: ['Mixed', 'Retry', 'Untested'],
    tests: ['Mixed', 'Retry'].map((name) => ({ name, features: ['Gateway', name], parallel: false, provisional: false, manifests: [`${name.toLowerCase()}.yaml`] })),
  };
  assert.deepEqual(await missingFeatures(catalogue, { suiteFolder: folder, crdFiles: [join(folder, 'crd.yaml')] }), ['Retry', 'Untested']);
});
