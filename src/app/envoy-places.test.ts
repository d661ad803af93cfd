import assert from 'node:assert/strict';
import { test } from 'node:test';
import { envoyPlaces } from './envoy-places.ts';
import { decoded } from '../translate/testing.ts';

const labels = { 'topology.kubernetes.io/zone': 'a', 'apps.openyurt.io/nodepool': 'east' };
const nodes = new Map([['n1', decoded('Node', { metadata: { name: 'n1', labels } })]]);

const cases: readonly [sentence: string, zone: string, nodeName: string, expected: readonly string[]][] = [
  ['an Envoy that says nothing is nowhere', '', '', []],
  ['what the cluster says of the node is true of the Envoy', '', 'n1', ['node/n1', 'pool/east', 'zone/a']],
  ['the zone that the Envoy itself says counts more', 'b', 'n1', ['node/n1', 'pool/east', 'zone/b']],
  ['a node that may not be read leaves what the Envoy says', 'b', 'n2', ['node/n2', 'zone/b']],
];

for (const [sentence, zone, nodeName, expected] of cases) {
  test(sentence, () => assert.deepEqual(envoyPlaces({ zone, nodeName }, nodes), expected));
}
