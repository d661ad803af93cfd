import type { ControlPlane } from './control-plane.ts';
import type { Core } from './core.ts';
import { SelectorServices, type WantedSelector } from '../infra/kubernetes/selector-services.ts';
import type { KubeClient } from '../kube/client.ts';
import { parseBackendKey } from '../translate/backends/backend-key.ts';
import { xBackendLabel } from '../translate/backends/x-backends.ts';
import { uidOf } from '../translate/parameters.ts';
import type { Log } from '../util/log.ts';

/** What keeps Services for XBackends, with its troubles told to translation. */
export function selectorServices({ client, core, log }: { readonly client: KubeClient; readonly core: Core; readonly log: Log }): SelectorServices {
  const { selectorFaults } = core.plane;
  return new SelectorServices({
    client,
    label: xBackendLabel,
    log,
    onFault: (key, fault) => core.update(() => (fault === undefined ? selectorFaults.delete(key) : selectorFaults.set(key, fault))),
  });
}

/** Says which Services are wanted, from now on. Not to be called before everything has been read: what is not there yet would be unwanted. */
export function followSelectors(plane: ControlPlane, services: SelectorServices): void {
  const tell = (): void => {
    const { wanted, present } = wantedSelectors(plane);
    services.reconcile(wanted, present);
  };
  for (const collection of [plane.outputs.backends, plane.resources.XBackend, plane.resources.Service]) collection.subscribe(tell);
  tell();
}

/** XBackends whose Pods somebody's routes need, and those that have a Service with their label now. */
function wantedSelectors({ outputs, resources }: Pick<ControlPlane, 'outputs' | 'resources'>): {
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
