import { backendUsers, type BackendUser } from './backend-users.ts';
import { objectStatus, type ObjectStatus } from './object-status.ts';
import { condition, holdsUnless, resolvedRefs } from '../conditions.ts';
import type { PoolState } from '../inference/pools.ts';
import type { Inputs, Settings } from '../inputs.ts';
import type { ReferenceGrants } from '../reference-grants.ts';
import type { Attachment } from '../routes/attachments.ts';
import type { Condition } from '../../api/conditions.ts';
import type { Collection } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

/** Asks for a pool to be there in other clusters too. */
const exportAnnotation = 'inference.networking.x-k8s.io/export';

/** `status` of InferencePools: a parent for each Gateway of ours with a route that names it. With the last route the parent goes. */
export function inferencePoolStatuses(
  graph: Graph,
  from: { readonly inputs: Inputs; readonly settings: Settings; readonly grants: ReferenceGrants; readonly pools: Collection<PoolState>; readonly attachments: Collection<readonly Attachment[]> },
): Collection<ObjectStatus> {
  const users = backendUsers(graph, { group: 'inference.networking.k8s.io', kind: 'InferencePool', byFilters: false }, from);
  return graph.derive('inference-pool-status', users, (found, read, key): ObjectStatus | undefined => {
    const state = read.get(from.pools, key);
    if (state === undefined) return undefined;
    const unlisted = read.get(from.inputs.selectorFaults, `InferencePool/${key}`);
    return objectStatus('InferencePool', key, { parents: found.map((user) => parent(state, { user, unlisted, settings: from.settings })) });
  });
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
  const { generation, annotations } = resource.metadata;
  const unused = accepted ? undefined : { reason: 'HTTPRouteNotAccepted', message: `No route to the pool is accepted by Gateway ${gateway}` };
  const fault = unused ?? acceptedFault;
  const isPending = fault === undefined && unlisted !== undefined;
  return [
    isPending ? condition('Accepted', 'Unknown', { reason: 'Pending', message: unlisted, generation }) : holdsUnless(fault, 'Accepted', { message: 'InferencePool is accepted', generation }),
    resolvedRefs(refsFault, generation),
    ...(annotations[exportAnnotation] === undefined ? [] : [condition('Exported', false, { reason: 'NotSupported', message: 'Pools are not exported to other clusters', generation })]),
  ];
}
