import type { ControlPlane } from './control-plane.ts';
import type { Core } from './core.ts';
import type { ResourceOf } from '../api/kinds.ts';
import { POOL_KINDS, poolLabel, type AnyInferencePool } from '../api/inference-pool.ts';
import { apiVersionOf, kindNamed } from '../api/kinds.ts';
import { refOf } from '../api/resource.ts';
import { SelectorServices, uidOfOwner, type SelectorKind, type WantedSelector } from '../infra/kubernetes/selector-services.ts';
import type { KubeClient } from '../kube/client.ts';
import { parseBackendKey, type BackendKey } from '../translate/backends/backend-key.ts';
import { xBackendLabel } from '../translate/backends/x-backends.ts';
import { uidOf } from '../translate/parameters.ts';
import type { Log } from '../util/log.ts';

/** Kinds whose objects select Pods by a selector of their own. */
const selectorKinds = (['XBackend', ...POOL_KINDS] as const).map((name) => {
  const kind = kindNamed(name);
  return { name, kind: kind.objectKind, apiVersion: apiVersionOf(kind, kind.storageVersion), label: name === 'XBackend' ? xBackendLabel : poolLabel } satisfies SelectorKind;
});

/** What keeps Services for objects that select Pods, with its troubles told to translation. */
export function selectorServices({ client, core, log }: { readonly client: KubeClient; readonly core: Core; readonly log: Log }): SelectorServices {
  const { selectorFaults } = core.plane;
  return new SelectorServices({
    client,
    kinds: selectorKinds,
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
  for (const collection of [plane.outputs.backends, plane.outputs.pools, plane.resources.XBackend, plane.resources.Service]) collection.subscribe(tell);
  tell();
}

/** Objects whose Pods somebody's routes need, and those that have a Service with their label now. */
function wantedSelectors({ outputs, resources }: Pick<ControlPlane, 'outputs' | 'resources'>): {
  readonly wanted: ReadonlyMap<string, WantedSelector>;
  readonly present: ReadonlySet<string>;
} {
  const wanted = new Map<string, WantedSelector>();
  for (const { key } of outputs.backends.values()) {
    const found = selectorOf(parseBackendKey(key), { outputs, resources });
    if (found !== undefined) wanted.set(refOf(found.resource), { ...nameOf(found.resource), matchLabels: found.matchLabels, ports: found.ports });
  }
  // Kubernetes itself deletes what was made for an object that is gone.
  const kinds = selectorKinds.filter(({ name }) => resources[name].size > 0);
  const present = [...resources.Service.values()].flatMap(({ metadata: { namespace, labels }, object }) =>
    kinds.flatMap(({ name, label, ...kind }) => (labels[label] === undefined || uidOfOwner(object, kind) === undefined ? [] : [`${name}/${namespace}/${labels[label]}`])),
  );
  return { wanted, present: new Set(present) };
}

type Selecting = ResourceOf<'XBackend'> | AnyInferencePool;

/** The Pods that a backend is made of, if it is an object that selects some. */
function selectorOf(backend: BackendKey, { outputs, resources }: Pick<ControlPlane, 'outputs' | 'resources'>): (Pick<WantedSelector, 'matchLabels' | 'ports'> & { readonly resource: Selecting }) | undefined {
  if (backend.type === 'inferencepool') {
    const resource = outputs.pools.get(backend.object)?.resource;
    const { selector, targetPorts } = resource?.object.spec ?? {};
    return resource && selector && { resource, matchLabels: selector.matchLabels, ports: (targetPorts ?? []).map(({ number }) => number) };
  }
  const resource = backend.type === 'xbackend' ? resources.XBackend.get(backend.object) : undefined;
  const { endpointSelector, port } = resource?.object.spec ?? {};
  if (resource === undefined || endpointSelector === undefined || port?.number === undefined) return undefined;
  return { resource, matchLabels: endpointSelector.matchLabels, ports: [port.number] };
}

function nameOf(resource: Selecting): Pick<WantedSelector, 'namespace' | 'name' | 'uid'> {
  const { namespace, name } = resource.metadata;
  return { namespace, name, uid: uidOf(resource) };
}
