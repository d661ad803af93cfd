import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyChanges, controlPlane } from './control-plane.ts';
import { OwnPicker } from './own-picker.ts';
import type { KindName } from '../api/kinds.ts';
import { decoded } from '../translate/testing.ts';
import { silentLog } from '../util/log.ts';

/** Whether a picker of our own is needed where there is a pool of this kind. */
function isNeeded(kind: KindName, spec: object): boolean {
  const plane = controlPlane({ settings: { controllerNames: ['c/c'], ownsEverything: true, addresses: 'bound' } });
  const resource = decoded(kind, { metadata: { name: 'llama', namespace: 'default' }, spec });
  applyChanges(plane.resources, [{ kind, key: resource.key, resource }]);
  plane.settle();
  return new OwnPicker({ plane, paths: [], socket: '', adminSocket: '', log: silentLog }).isNeeded;
}

describe('our own picker is needed', () => {
  const pool = { selector: { matchLabels: { app: 'llama' } }, targetPorts: [{ number: 8000 }] };
  const cases: readonly (readonly [string, KindName, object, boolean])[] = [
    ['for a pool that names none', 'InferencePool', pool, true],
    ['for one with a deployment', 'DeployedInferencePool', { deployment: { template: { spec: { containers: [{ name: 'server' }] } } } }, true],
    ['not for one that names another', 'InferencePool', { ...pool, endpointPickerRef: { name: 'epp', port: { number: 9002 } } }, false],
    ['not for one of v1alpha2, which always does', 'XInferencePool', { selector: { app: 'llama' }, targetPortNumber: 8000, extensionRef: { name: 'epp' } }, false],
  ];
  for (const [name, kind, spec, expected] of cases) test(name, () => assert.equal(isNeeded(kind, spec), expected));
});
