import { applyChanges, controlPlane, type ControlPlane, type ResourceChange } from '../../src/app/control-plane.ts';
import { translateOffline } from '../../src/app/offline.ts';
import type { StageError } from '../../src/reactive/derived.ts';
import type { GoldenCase } from './case.ts';

/** Translates all objects of a case at once. A function that throws fails the test. */
export function fromScratch({ changes, options }: GoldenCase): ControlPlane {
  return translateOffline(changes, { ...options, onError });
}

/** Feeds the objects in one by one, in the given order, with everything settled and answered in between. */
export function oneByOne(changes: readonly ResourceChange[], { options }: GoldenCase): ControlPlane {
  const plane = controlPlane({ settings: options.settings, onError });
  for (const change of changes) {
    applyChanges(plane.resources, [change]);
    answer(plane, change, options);
    plane.settle();
    surround(plane, options);
    plane.settle();
  }
  return plane;
}

function onError({ collection, key, error }: StageError): never {
  throw new Error(`${collection}: ${key}`, { cause: error });
}

/** Envoy refuses what the case says it refuses. */
function answer(plane: ControlPlane, { kind, key, resource }: ResourceChange, { rejections }: GoldenCase['options']): void {
  const message = rejections?.[`${kind}/${key}`];
  if (message === undefined) return;
  if (resource === undefined) plane.rejections.delete(`${kind}/${key}`);
  else plane.rejections.set(`${kind}/${key}`, { version: resource.version, message });
}

/** Every wanted port is bound and every proxy runs, but for the ports that the case takes away. */
function surround(plane: ControlPlane, { portErrors }: GoldenCase['options']): void {
  for (const [key, { port }] of plane.outputs.wantedPorts.entries()) {
    const error = portErrors?.[key];
    plane.portBindings.set(key, error === undefined ? { boundPort: port, clientPort: port } : { error });
  }
  for (const key of [...plane.portBindings.entries()].map(([key]) => key)) {
    if (plane.outputs.wantedPorts.get(key) === undefined) plane.portBindings.delete(key);
  }
  for (const { id } of plane.outputs.proxies.values()) {
    plane.proxyStates.set(id, { ready: true, message: 'assumed to run', addresses: [{ type: 'IPAddress', value: '0.0.0.0' }] });
  }
}
