import assert from 'node:assert/strict';
import { test } from 'node:test';
import { referenceGrants, type Referrer, type Target } from './reference-grants.ts';
import { decoded, readDirectly } from './testing.ts';
import { Graph } from '../reactive/graph.ts';
import type { ResourceOf } from '../api/kinds.ts';

const from: Referrer = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' };
const to: Target = { group: '', kind: 'Service', namespace: 'bank', name: 'app' };

interface Grant {
  readonly namespace?: string;
  readonly from?: readonly object[];
  readonly to?: readonly object[];
}

const anyService = { group: '', kind: 'Service' };

function permits(...grants: readonly Grant[]): boolean {
  const source = new Graph().source<ResourceOf<'ReferenceGrant'>>('grants');
  const permission = referenceGrants(source);
  for (const [index, { namespace = 'bank', from: froms = [from], to: tos = [anyService] }] of grants.entries()) {
    const grant = decoded('ReferenceGrant', { metadata: { name: `g${index}`, namespace }, spec: { from: froms, to: tos } });
    source.set(grant.key, grant);
  }
  return permission.permits(readDirectly, from, to);
}

const table: readonly [sentence: string, grants: readonly Grant[], expected: boolean][] = [
  ['without a grant nothing is open', [], false],
  ['a grant opens all objects of a kind', [{}], true],
  ['a grant opens one object by name', [{ to: [{ ...anyService, name: 'app' }] }], true],
  ['a grant for another name opens nothing', [{ to: [{ ...anyService, name: 'other' }] }], false],
  ['a grant opens its own namespace only', [{ namespace: 'shop' }], false],
  ['a grant to another namespace opens nothing', [{ from: [{ ...from, namespace: 'blog' }] }], false],
  ['a grant to another kind opens nothing', [{ from: [{ ...from, kind: 'GRPCRoute' }] }], false],
  ['a grant to another group opens nothing', [{ from: [{ ...from, group: 'example.com' }] }], false],
  ['a grant for another kind opens nothing', [{ to: [{ group: '', kind: 'Secret' }] }], false],
  ['a grant for another group opens nothing', [{ to: [{ group: 'example.com', kind: 'Service' }] }], false],
  ['one entry that fits on each side is enough', [{ from: [{ ...from, namespace: 'blog' }, from], to: [{ group: '', kind: 'Secret' }, anyService] }], true],
  ['the sides of two grants do not add up', [{ to: [{ ...anyService, name: 'other' }] }, { from: [{ ...from, namespace: 'blog' }] }], false],
];

for (const [sentence, grants, expected] of table) {
  test(sentence, () => assert.equal(permits(...grants), expected));
}

test('within a namespace nobody needs a grant', () => {
  const permission = referenceGrants(new Graph().source<ResourceOf<'ReferenceGrant'>>('grants'));
  assert.equal(permission.permits(readDirectly, from, { ...to, namespace: 'shop' }), true);
});
