import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WriteMemory } from './write-memory.ts';
import type { KubeObject } from '../../kube/object.ts';

function service(uid: string, resourceVersion: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default', uid, resourceVersion } };
}

test('an answer is overtaken by a newer version of the object, and by its end', () => {
  const memory = new WriteMemory(() => 0);
  assert.equal(memory.isOvertaken(service('a', '5'), undefined), false);
  assert.equal(memory.isOvertaken(service('a', '5'), service('a', '5')), false);
  assert.equal(memory.isOvertaken(service('a', '5'), service('a', '10')), true);
  assert.equal(memory.isOvertaken(service('b', '5'), service('a', '10')), false, 'another object of the name');
  memory.forget('Service default/web', 'a');
  assert.equal(memory.isOvertaken(service('a', '12'), undefined), true);
});

test('what the watch says is old only as long as it may lag behind an answer', () => {
  let now = 0;
  const memory = new WriteMemory(() => now);
  memory.remember(service('a', '10'), undefined);
  assert.equal(memory.isOutrun(service('a', '9')), true);
  now = 5_000;
  assert.equal(memory.isOutrun(service('a', '9')), false, 'an API server that was restored from a backup');
});

test('objects that are gone are not remembered for ever', () => {
  let now = 0;
  const memory = new WriteMemory(() => now);
  memory.forget('Service default/web', 'a');
  now = 61_000;
  memory.forget('Service default/web', 'b');
  assert.equal(memory.isOvertaken(service('a', '1'), undefined), false);
  assert.equal(memory.isOvertaken(service('b', '1'), undefined), true);
});
