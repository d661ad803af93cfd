import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultGateways, defaultParents } from './default-gateways.ts';
import type { GatewayState } from '../gateways/state.ts';
import { gatewayState, readDirectly } from '../testing.ts';
import type { ParentReference } from '../../api/types.ts';
import { Graph } from '../../reactive/graph.ts';

const gateway = (name: string, rest: Partial<ParentReference> = {}): ParentReference => ({ group: 'gateway.networking.k8s.io', kind: 'Gateway', name, ...rest });

/** Names of the default Gateways of a route in `infra`, where `old` and `new` are default Gateways and `plain` is none. */
function parents(parentRefs: readonly ParentReference[], useDefaultGateways: 'All' | 'nobody' = 'All'): string[] {
  const graph = new Graph();
  const gateways = graph.source<GatewayState>('gateways');
  gateways.set('infra/new', gatewayState('infra/new', { defaultScope: 'All', createdAt: '2026-02-01T00:00:00Z' }));
  gateways.set('infra/old', gatewayState('infra/old', { defaultScope: 'All', createdAt: '2026-01-01T00:00:00Z' }));
  gateways.set('infra/plain', gatewayState('infra/plain'));
  const found = defaultParents(readDirectly, { namespace: 'infra', parentRefs, useDefaultGateways: useDefaultGateways === 'All' ? 'All' : undefined }, defaultGateways(gateways));
  return found.map(({ parentRef }) => `${parentRef.namespace}/${parentRef.name}`);
}

const table: readonly [sentence: string, given: Parameters<typeof parents>, expected: readonly string[]][] = [
  ['all of them, the oldest first', [[]], ['infra/old', 'infra/new']],
  ['none for a route that does not ask', [[], 'nobody'], []],
  ['one that a parentRef names is not named twice', [[gateway('old')]], ['infra/new']],
  ['nor where the parentRef says its namespace', [[gateway('old', { namespace: 'infra' })]], ['infra/new']],
  ['a listener of it is less than all of it', [[gateway('old', { sectionName: 'http' }), gateway('new', { port: 80 })]], ['infra/old', 'infra/new']],
  ['one of that name elsewhere is another', [[gateway('old', { namespace: 'shop' })]], ['infra/old', 'infra/new']],
  ['so is what is no Gateway', [[gateway('old', { kind: 'ListenerSet' }), gateway('new', { group: '', kind: 'Service' })]], ['infra/old', 'infra/new']],
];

describe('default Gateways of a route', () => {
  for (const [sentence, given, expected] of table) test(sentence, () => assert.deepEqual(parents(...given), expected));
});
