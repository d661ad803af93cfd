import { xdsResources, type ProxyResource, type XdsOptions } from './xds-pipeline.ts';
import { KINDS, type KindName, type ResourceOf } from '../api/kinds.ts';
import type { ObjectRef, Resource } from '../api/resource.ts';
import type { Collection, Source } from '../reactive/collection.ts';
import type { StageError } from '../reactive/derived.ts';
import { Graph } from '../reactive/graph.ts';
import type { Inputs, ModelServersState, PortBinding, ProxyState, Rejection, Settings } from '../translate/inputs.ts';
import { translate, type Outputs } from '../translate/translate.ts';

/** The collections that are written from outside, by kind. */
export type ResourceSources = { readonly [K in KindName]: Source<ResourceOf<K>> };

/** What happened to one object: `resource` undefined means it is gone. */
export interface ResourceChange {
  readonly kind: KindName;
  readonly key: string;
  readonly resource: Resource | undefined;
}

/**
 * The whole computation from objects to xDS resources and statuses, without any I/O.
 *
 *     objects, port bindings, proxy states, rejections ─► translate ─► ir ─► xds resources
 *                                                             └─► statuses, wanted ports, proxies
 *
 * Write into `resources`, `portBindings`, `proxyStates`, `rejections`, `unreadable`, `selectorFaults` and `modelServers`, then call `settle`.
 */
export interface ControlPlane {
  readonly resources: ResourceSources;
  readonly portBindings: Source<PortBinding>;
  readonly proxyStates: Source<ProxyState>;
  readonly rejections: Source<Rejection>;
  readonly unreadable: Source<string>;
  readonly selectorFaults: Source<string>;
  readonly modelServers: Source<ModelServersState>;
  readonly outputs: Outputs;
  readonly xds: Collection<ProxyResource>;
  /** Brings outputs up to date with what was written. */
  settle(): void;
}

/** Builds the computation. `onError` hears of functions that threw: bugs, which cost the object they were run for. */
export function controlPlane(options: { readonly settings: Settings; readonly xds?: XdsOptions; readonly onError?: (error: StageError) => void }): ControlPlane {
  const graph = new Graph(options.onError === undefined ? {} : { onError: options.onError });
  const resources = Object.fromEntries([...KINDS.keys()].map((kind) => [kind, graph.source(kind)])) as unknown as ResourceSources;
  const portBindings = graph.source<PortBinding>('port-bindings');
  const proxyStates = graph.source<ProxyState>('proxy-states');
  const rejections = graph.source<Rejection>('rejections');
  const unreadable = graph.source<string>('unreadable');
  const selectorFaults = graph.source<string>('selector-faults');
  const modelServers = graph.source<ModelServersState>('model-servers');
  const inputs: Inputs = { resources, portBindings, proxyStates, rejections, unreadable, selectorFaults, modelServers };
  const outputs = translate(graph, inputs, options.settings);
  return {
    resources,
    portBindings,
    proxyStates,
    rejections,
    unreadable,
    selectorFaults,
    modelServers,
    outputs,
    xds: xdsResources(graph, outputs, options.xds ?? {}),
    settle: () => graph.settle(),
  };
}

/** Writes changed objects into their collections; the caller settles. */
export function applyChanges(resources: ResourceSources, changes: Iterable<ResourceChange>): void {
  for (const { kind, key, resource } of changes) {
    const source = resources[kind] as Source<Resource>;
    if (resource === undefined) source.delete(key);
    else source.set(key, resource);
  }
}

/** The version of an object as it is now; undefined: it is gone. */
export function versionOf(resources: ResourceSources, ref: ObjectRef): string | undefined {
  const slash = ref.indexOf('/');
  const source = resources[ref.slice(0, slash) as KindName] as Source<Resource> | undefined;
  return source?.get(ref.slice(slash + 1))?.version;
}
