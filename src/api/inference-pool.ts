import type { Objects, ResourceOf } from './kinds.ts';
import { keyOf, type Resource } from './resource.ts';

/** Kinds of InferencePools, those that count first: of two pools with one name the one of the later kind is none. */
export const POOL_KINDS = ['InferencePool', 'XInferencePool', 'DeployedInferencePool'] as const;

export type PoolKind = (typeof POOL_KINDS)[number];

/** An InferencePool of any kind, read as one of v1. `kind` still says what it was. */
export type AnyInferencePool = Resource<PoolKind, Objects['InferencePool']>;

/**
 * Ties an EndpointSlice to the InferencePool whose Pods it lists. In a cluster the slices are those of a Service that is made for the pool, which
 * hands its labels on to them; among files, where labels of a slice stand for those of Pods too, it is whoever writes the slice that says so.
 * Pods that are made for a pool have it as well.
 */
export const poolLabel = 'moongate.dev/inference-pool';

/** What `portNumber` of an `extensionRef` is inferred to be. */
const pickerPort = 9002;

/** Where model servers listen that do not say it. */
const serverPort = 8000;

/** A pool as one of v1. */
export function asInferencePool(pool: { [Kind in PoolKind]: ResourceOf<Kind> }[PoolKind]): AnyInferencePool {
  switch (pool.kind) {
    case 'InferencePool':
      return pool;
    case 'XInferencePool':
      return { ...pool, object: { ...sameMetadata(pool), spec: formerSpec(pool.object) } };
    case 'DeployedInferencePool':
      return { ...pool, object: { ...sameMetadata(pool), spec: deployedSpec(pool) } };
  }
}

type PoolSpec = Objects['InferencePool']['spec'];

function sameMetadata({ object: { metadata } }: ResourceOf<'XInferencePool' | 'DeployedInferencePool'>): Pick<Objects['InferencePool'], 'apiVersion' | 'kind' | 'metadata'> {
  return { apiVersion: 'inference.networking.k8s.io/v1', kind: 'InferencePool', metadata };
}

/** v1alpha2: a bare map of labels, one port, and a picker whose port may go without saying. The schema lets an object without a spec pass. */
function formerSpec({ spec }: Objects['XInferencePool']): PoolSpec {
  if (spec === undefined) return { selector: { matchLabels: {} }, targetPorts: [], appProtocol: 'http' };
  const { portNumber = pickerPort, ...ref } = spec.extensionRef;
  return {
    selector: { matchLabels: spec.selector },
    targetPorts: [{ number: spec.targetPortNumber }],
    appProtocol: 'http',
    endpointPickerRef: { ...ref, port: { number: portNumber } },
  };
}

/** The Pods are those that are made for the pool, or that say that they stand in for them. */
function deployedSpec({ metadata: { name }, object: { spec } }: ResourceOf<'DeployedInferencePool'>): PoolSpec {
  const [first] = spec.deployment.template.spec.containers;
  const [port = serverPort] = (first?.ports ?? []).map(({ containerPort }) => containerPort);
  return { selector: { matchLabels: { [poolLabel]: name } }, targetPorts: spec.targetPorts ?? [{ number: port }], appProtocol: spec.appProtocol };
}

/** Groups in which there are InferencePools. */
const poolGroups: ReadonlySet<string> = new Set(['inference.networking.k8s.io', 'inference.networking.x-k8s.io', 'gateway.networking.x-k8s.io']);

/** Whether something refers to an InferencePool. Pools of all kinds share their names, so which of them is meant makes no difference. */
export function isPoolReference({ group, kind }: { readonly group: string; readonly kind: string }): boolean {
  return kind === 'InferencePool' && poolGroups.has(group);
}

/** The key of the pool that `poolRef` of an object in a namespace names; undefined: it names something else. */
export function referredPool(namespace: string, poolRef: PoolReference | undefined): string | undefined {
  return poolRef !== undefined && isPoolReference(poolRef) ? keyOf(namespace, poolRef.name) : undefined;
}

/** `poolRef` of the kinds that say something about the requests to a pool: "the pool must exist in the same namespace". */
export interface PoolReference {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}
