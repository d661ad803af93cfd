import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KINDS } from '../../api/kinds.ts';
import type { KindName } from '../../api/kinds.ts';
import { pathOf, route, World } from './testing.ts';

const routesOnly: readonly KindName[] = ['HTTPRoute'];

describe('kubernetes source', () => {
  test('all that is there has been told when start resolves', async (context) => {
    const world = await World.make(context, [...KINDS.values()].map(({ kind }) => kind));
    world.server.put('HTTPRoute', route('a'));
    world.server.put('Namespace', { metadata: { name: 'default' } });
    world.server.put('Service', { metadata: { name: 's', namespace: 'default' }, spec: { ports: [{ port: 80 }] } });
    await world.source.start();
    assert.equal(world.source.synced, true);
    assert.deepEqual([...world.objects.keys()].sort(), ['HTTPRoute/default/a', 'Namespace/default', 'Service/default/s']);
    assert.equal(pathOf(world.objects.get('HTTPRoute/default/a')), '/');
    assert.deepEqual(world.source.states.filter(({ state }) => state.kind !== 'watching' && state.kind !== 'listing'), []);
  });

  test('changes are told as they come, those of one moment as one', async (context) => {
    const world = await World.make(context, routesOnly);
    world.server.put('HTTPRoute', route('a'));
    await world.source.start();
    await world.until(() => world.server.watches('HTTPRoute') === 1, 'the watch');
    world.server.put('HTTPRoute', route('a', '/x'));
    world.server.put('HTTPRoute', route('b'));
    world.server.put('HTTPRoute', route('a', '/y'));
    await world.until(() => world.objects.size === 2, 'the second route');
    assert.equal(pathOf(world.objects.get('HTTPRoute/default/a')), '/y');
    assert.equal(world.batches.length, 2);
    world.server.delete('HTTPRoute', 'default/a');
    await world.until(() => world.objects.size === 1, 'the deletion');
    assert.deepEqual(world.batches.at(-1)?.deleted, [{ kind: 'HTTPRoute', key: 'default/a' }]);
  });
});
