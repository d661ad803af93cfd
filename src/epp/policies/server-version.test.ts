import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testEndpoint } from '../testing.ts';
import { serversOfVersion } from './server-version.ts';

describe('servers of a version are', () => {
  const labelled = (slot: number, labels: Readonly<Record<string, string>>) => testEndpoint(slot, { labels });
  const all = [labelled(0, { version: 'stable' }), labelled(1, { version: 'canary' }), labelled(2, { 'app.kubernetes.io/version': 'canary' }), labelled(3, { version: 'stable', 'app.kubernetes.io/version': 'canary' }), labelled(4, {})];
  const slots = (version: string): number[] => serversOfVersion(all, version).map(({ slot }) => slot);

  test('those with the label', () => assert.deepEqual(slots('stable'), [0, 3]));
  test('and those with the well-known one, unless they have the other', () => assert.deepEqual(slots('canary'), [1, 2]));
  test('all where none is of it', () => assert.deepEqual(slots('v3'), [0, 1, 2, 3, 4]));
});
