import type { ControlPlane } from './control-plane.ts';
import type { WantedSelector } from '../infra/kubernetes/selector-services.ts';
import { parseBackendKey } from '../translate/backends/backend-key.ts';
import { xBackendLabel } from '../translate/backends/x-backends.ts';
import { uidOf } from '../translate/parameters.ts';

/** XBackends whose Pods somebody's routes need, and those that have a Service with their label now. */
export function wantedSelectors({ outputs, resources }: Pick<ControlPlane, 'outputs' | 'resources'>): {
  readonly wanted: ReadonlyMap<string, WantedSelector>;
  readonly present: ReadonlySet<string>;
} {
  const wanted = new Map<string, WantedSelector>();
  // Kubernetes itself deletes what was made for an XBackend that is gone.
  if (resources.XBackend.size === 0) return { wanted, present: new Set() };
  for (const { key } of outputs.backends.values()) {
    const parsed = parseBackendKey(key);
    const resource = parsed.type === 'xbackend' ? resources.XBackend.get(parsed.object) : undefined;
    const { endpointSelector, port } = resource?.object.spec ?? {};
    if (resource === undefined || endpointSelector === undefined || port?.number === undefined) continue;
    const { namespace, name } = resource.metadata;
    wanted.set(resource.key, { namespace, name, uid: uidOf(resource), matchLabels: endpointSelector.matchLabels, port: port.number });
  }
  const present = [...resources.Service.values()].flatMap(({ metadata: { namespace, labels } }) =>
    labels[xBackendLabel] === undefined ? [] : [`${namespace}/${labels[xBackendLabel]}`],
  );
  return { wanted, present: new Set(present) };
}
