import { backendUsers, type BackendUser } from './backend-users.ts';
import { deployedCondition } from './deployed-pool-status.ts';
import { objectStatus, type ObjectStatus } from './object-status.ts';
import { condition, holdsUnless, resolvedRefs } from '../conditions.ts';
import { exportAnnotation, isExported } from '../inference/pool-export.ts';
import type { PoolState } from '../inference/pools.ts';
import type { Inputs, Settings } from '../inputs.ts';
import type { ReferenceGrants, Target } from '../reference-grants.ts';
import type { Attachment } from '../routes/attachments.ts';
import type { Condition } from '../../api/conditions.ts';
import { isPoolReference, poolLabel, type AnyInferencePool } from '../../api/inference-pool.ts';
import { keyOf, refOf } from '../../api/resource.ts';
import type { Collection, Read } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

/** The Gateways of ours with a route that names an InferencePool, by any of its groups, or an InferencePoolImport that stands for it. */
export function poolUsers(
  graph: Graph,
  from: { readonly inputs: Inputs; readonly grants: ReferenceGrants; readonly pools: Collection<PoolState>; readonly attachments: Collection<readonly Attachment[]> },
): Collection<readonly BackendUser[]> {
  const counts = (read: Read, target: Target): boolean => {
    if (!isImport(target)) return isPoolReference(target);
    const pool = read.get(from.pools, keyOf(target.namespace, target.name));
    return pool !== undefined && isExported(pool.resource);
  };
  return backendUsers(graph, { name: 'InferencePool', counts, byFilters: false }, from);
}

/** What the statuses of pools are made from. */
interface PoolStatusSources {
  readonly inputs: Inputs;
  readonly settings: Settings;
  readonly pools: Collection<PoolState>;
  readonly users: Collection<readonly BackendUser[]>;
}

/** `status` of InferencePools of all kinds: a parent for each Gateway of ours with a route that names it. With the last route the parent goes. */
export function inferencePoolStatuses(graph: Graph, from: PoolStatusSources): Collection<ObjectStatus>[] {
  const { resources, modelServers, selectorFaults } = from.inputs;
  const parents = (read: Read, state: PoolState, users: readonly BackendUser[]): object[] => {
    const unlisted = read.get(selectorFaults, refOf(state.resource));
    return users.map((user) => parent(state, { user, unlisted, settings: from.settings }));
  };
  const standIns = resources.EndpointSlice.index('deployed-pool', ({ metadata: { namespace, labels } }) => (labels[poolLabel] === undefined ? [] : [keyOf(namespace, labels[poolLabel])]));
  return [
    // By reference: the pool of a name may be of another kind from one moment to the next.
    graph.expand('inference-pool-status', from.users, (users, read, key): [string, ObjectStatus][] => {
      const state = read.get(from.pools, key);
      if (state === undefined || state.resource.kind === 'DeployedInferencePool') return [];
      const { kind } = state.resource;
      const found = parents(read, state, users);
      const status = objectStatus(kind, key, kind === 'XInferencePool' ? { parent: found } : { parents: found });
      return [[status.ref, status]];
    }),
    graph.derive('deployed-inference-pool-status', resources.DeployedInferencePool, (pool, read, key) => {
      const state = read.get(from.pools, key);
      const counts = state?.resource.kind === 'DeployedInferencePool';
      const deployed = deployedCondition(pool, { runsPods: !from.settings.ownsEverything, standIns: read.where(standIns, key).length, state: read.get(modelServers, key) });
      return objectStatus('DeployedInferencePool', key, { conditions: [deployed], parents: counts ? parents(read, state, read.get(from.users, key) ?? []) : [] });
    }),
  ];
}

function parent(
  state: PoolState,
  { user, unlisted, settings }: { readonly user: BackendUser; readonly unlisted: string | undefined; readonly settings: Settings },
): object {
  const [namespace = '', name = ''] = user.gateway.split('/');
  return {
    parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace, name },
    controllerName: user.controllerName === '' ? (settings.controllerNames[0] ?? '') : user.controllerName,
    conditions: conditions(state, user, unlisted),
  };
}

function conditions({ resource, acceptedFault, refsFault }: PoolState, { accepted, gateway }: BackendUser, unlisted: string | undefined): Condition[] {
  const { generation } = resource.metadata;
  const unused = accepted ? undefined : { reason: 'HTTPRouteNotAccepted', message: `No route to the pool is accepted by Gateway ${gateway}` };
  const fault = unused ?? acceptedFault;
  const isPending = fault === undefined && unlisted !== undefined;
  return [
    isPending ? condition('Accepted', 'Unknown', { reason: 'Pending', message: unlisted, generation }) : holdsUnless(fault, 'Accepted', { message: 'InferencePool is accepted', generation }),
    resolvedRefs(refsFault, generation),
    ...exported(resource),
  ];
}

/** Nothing is said of a pool that does not ask for it. */
function exported(resource: AnyInferencePool): Condition[] {
  const { generation, annotations } = resource.metadata;
  const asked = annotations[exportAnnotation];
  if (asked === undefined) return [];
  const message = isExported(resource)
    ? 'Pools are not exported to other clusters; here an InferencePoolImport of this name stands for the pool'
    : `Annotation ${exportAnnotation} is ${JSON.stringify(asked)}, and only ClusterSet has a meaning`;
  return [condition('Exported', false, { reason: isExported(resource) ? 'NotSupported' : 'NotRequested', message, generation })];
}

function isImport({ group, kind }: Target): boolean {
  return group === 'inference.networking.x-k8s.io' && kind === 'InferencePoolImport';
}
