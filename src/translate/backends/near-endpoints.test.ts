import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearEndpoints, preferenceOf, type Preference } from './near-endpoints.ts';
import { locationOf, placesAt, type Location } from './places.ts';
import { atPort, sliceEndpoints } from './slice-endpoints.ts';
import { decoded } from '../testing.ts';

const nodes: Readonly<Record<string, Partial<Location>>> = { n1: { pool: 'east' }, n2: { pool: 'east' }, n3: { pool: 'west' }, cloud: {} };

/** What proxies at each place use, as the last numbers of the addresses; those that drain in brackets. */
function near(endpoints: readonly object[], preference?: Preference): Record<string, string> {
  const list = endpoints.map((endpoint, index) => ({ addresses: [`10.0.0.${index + 1}`], ...endpoint }));
  const slice = decoded('EndpointSlice', { metadata: { name: 's' }, addressType: 'IPv4', ports: [{ name: 'http', port: 80 }], endpoints: list });
  const found = sliceEndpoints([slice], atPort(() => true), 'IPv4');
  const locations = (node: string): Location | undefined => nodes[node] && { node, pool: undefined, zone: undefined, ...nodes[node] };
  const number = (address: { readonly type: string; readonly ip?: string }): string => address.ip?.split('.').at(-1) ?? '?';
  return Object.fromEntries(nearEndpoints(found, preference, locations).map(({ place, endpoints: own }) => [
    place,
    own.map(({ address, draining }) => (draining ? `(${number(address)})` : number(address))).join(' '),
  ]));
}

const forZones = (...zones: string[]) => ({ hints: { forZones: zones.map((name) => ({ name })) } });
const forNode = (node: string, zone: string) => ({ hints: { forNodes: [{ name: node }], forZones: [{ name: zone }] } });
const draining = { conditions: { ready: false, serving: true, terminating: true } };

const table: readonly [sentence: string, endpoints: readonly object[], preference: Preference | undefined, expected: Record<string, string>][] = [
  ['nothing is said: nothing is near', [{ zone: 'a' }, { zone: 'b' }], undefined, {}],
  ['hints count without a preference', [forZones('a'), forZones('b'), forZones('a')], undefined, { 'zone/a': '1 3', 'zone/b': '2' }],
  ['an endpoint may be meant for other zones than its own, and for several', [{ zone: 'a', ...forZones('a', 'b') }, { zone: 'a', ...forZones('a') }], undefined, { 'zone/a': '1 2', 'zone/b': '1' }],
  ['one endpoint without a hint makes all hints void', [forZones('a'), {}], undefined, {}],
  ['one that drains does not, and stays at all places', [forZones('a'), forZones('b'), draining], undefined, { 'zone/a': '1 (3)', 'zone/b': '2 (3)' }],
  ['a place with nothing but draining endpoints is none', [forZones('a'), { ...forZones('b'), ...draining }], undefined, { 'zone/a': '1 (2)' }],
  ['nobody is ready: nothing is near', [{ ...forZones('a'), ...draining }], undefined, {}],
  ['nobody at all', [], 'zone', {}],
  ['without hints, a zone uses its own', [{ zone: 'a' }, { zone: 'b' }], 'zone', { 'zone/a': '1', 'zone/b': '2' }],
  ['unless the zone of one is unknown', [{ zone: 'a' }, {}], 'zone', {}],
  ['hints count more than the preference', [{ zone: 'a', ...forZones('b') }, { zone: 'b', ...forZones('a') }], 'zone', { 'zone/a': '2', 'zone/b': '1' }],
  ['hints for nodes come with those for zones', [forNode('n1', 'a'), forNode('n3', 'b')], 'node', { 'node/n1': '1', 'node/n3': '2', 'zone/a': '1', 'zone/b': '2' }],
  ['hints for some nodes only leave those for zones', [forNode('n1', 'a'), forZones('b')], undefined, { 'zone/a': '1', 'zone/b': '2' }],
  ['without hints, a node uses its own', [{ nodeName: 'n1', zone: 'a' }, { nodeName: 'n1', zone: 'a' }, { nodeName: 'n3', zone: 'b' }], 'node', { 'node/n1': '1 2', 'node/n3': '3', 'zone/a': '1 2', 'zone/b': '3' }],
  ['a pool uses the endpoints on its nodes', [{ nodeName: 'n1' }, { nodeName: 'n2' }, { nodeName: 'n3' }], 'pool', { 'pool/east': '1 2', 'pool/west': '3' }],
  ['endpoints of no pool are near nobody', [{ nodeName: 'n1' }, { nodeName: 'cloud' }, { nodeName: 'unknown' }, {}], 'pool', { 'pool/east': '1' }],
];

for (const [sentence, endpoints, preference, expected] of table) {
  test(sentence, () => assert.deepEqual(near(endpoints, preference), expected));
}

const preferences: readonly [service: { annotations?: object; trafficDistribution?: string }, expected: Preference | undefined][] = [
  [{}, undefined],
  [{ trafficDistribution: 'PreferClose' }, 'zone'],
  [{ trafficDistribution: 'PreferSameZone' }, 'zone'],
  [{ trafficDistribution: 'PreferSameNode' }, 'node'],
  [{ trafficDistribution: 'example.com/other' }, undefined],
  [{ annotations: { 'openyurt.io/topologyKeys': 'openyurt.io/nodepool' } }, 'pool'],
  [{ annotations: { 'openyurt.io/topologyKeys': 'kubernetes.io/zone' } }, 'pool'],
  [{ annotations: { 'openyurt.io/topologyKeys': 'kubernetes.io/hostname' } }, 'node'],
  [{ annotations: { 'openyurt.io/topologyKeys': 'openyurt.io/nodepool' }, trafficDistribution: 'PreferClose' }, 'pool'],
  [{ annotations: { 'openyurt.io/topologyKeys': 'other' }, trafficDistribution: 'PreferClose' }, 'zone'],
];

for (const [{ annotations = {}, ...spec }, expected] of preferences) {
  test(`${JSON.stringify({ annotations, ...spec })}: ${expected ?? 'no'} preference`, () => {
    assert.equal(preferenceOf(decoded('Service', { metadata: { name: 's', annotations }, spec: { ports: [{ port: 80 }], ...spec } })), expected);
    const imported = { metadata: { name: 's', annotations }, spec: { type: 'Headless', ports: [{ port: 80 }], ...spec } };
    assert.equal(preferenceOf(decoded('ServiceImport', imported)), expected);
  });
}

test('a location has its places, the narrowest first', () => {
  const at = (labels: object): string[] => placesAt(locationOf(decoded('Node', { metadata: { name: 'n1', labels } })));
  assert.deepEqual(at({}), ['node/n1']);
  assert.deepEqual(at({ 'apps.openyurt.io/nodepool': 'east', 'topology.kubernetes.io/zone': 'a' }), ['node/n1', 'pool/east', 'zone/a']);
  assert.deepEqual(at({ 'alibabacloud.com/nodepool-id': 'np1' }), ['node/n1', 'pool/np1']);
});
