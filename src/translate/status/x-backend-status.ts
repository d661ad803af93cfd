import { backendUsers, type BackendUser } from './backend-users.ts';
import type { XBackendState } from '../backends/x-backends.ts';
import { condition } from '../conditions.ts';
import type { Inputs, Settings } from '../inputs.ts';
import type { ReferenceGrants } from '../reference-grants.ts';
import type { Attachment } from '../routes/attachments.ts';
import type { ObjectStatus } from './object-status.ts';
import { refOf } from '../../api/resource.ts';
import type { ParentReference } from '../../api/types.ts';
import type { Collection } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

const gatewayGroup = 'gateway.networking.k8s.io';
/** "A maximum of 32 ancestors will be represented in this list." */
const maxAncestors = 32;

/** `status` of XBackends: an ancestor for each Gateway of ours that has a route to it. */
export function xBackendStatuses(
  graph: Graph,
  from: { readonly inputs: Inputs; readonly settings: Settings; readonly grants: ReferenceGrants; readonly xBackends: Collection<XBackendState>; readonly attachments: Collection<readonly Attachment[]> },
): Collection<ObjectStatus> {
  const users = backendUsers(graph, { name: 'XBackend', counts: (_read, { group, kind }) => group === 'gateway.networking.x-k8s.io' && kind === 'XBackend', byFilters: true }, from);
  return graph.derive('x-backend-status', users, (found, read, key): ObjectStatus | undefined => {
    const state = read.get(from.xBackends, key);
    const accepted = found.filter((user) => user.accepted).slice(0, maxAncestors);
    if (state === undefined || accepted.length === 0) return undefined;
    const unlisted = read.get(from.inputs.selectorFaults, `XBackend/${key}`);
    const acceptedFault = state.acceptedFault ?? (unlisted === undefined ? undefined : { reason: 'Invalid', message: unlisted });
    return { ref: refOf(state.resource), kind: 'XBackend', key, status: { ancestors: accepted.map((user) => ancestor({ ...state, acceptedFault }, user, from.settings)) } };
  });
}

function ancestor({ resource, acceptedFault, refsFault }: XBackendState, { gateway, controllerName }: BackendUser, settings: Settings): object {
  const [namespace = '', name = ''] = gateway.split('/');
  const ancestorRef: ParentReference = { group: gatewayGroup, kind: 'Gateway', namespace, name };
  const { generation } = resource.metadata;
  const accepted = acceptedFault ?? { reason: 'Accepted', message: 'XBackend is accepted' };
  const resolved = refsFault ?? { reason: 'ResolvedRefs', message: 'All references are resolved' };
  return {
    ancestorRef,
    controllerName: controllerName === '' ? (settings.controllerNames[0] ?? '') : controllerName,
    conditions: [
      condition('Accepted', acceptedFault === undefined, { ...accepted, generation }),
      condition('ResolvedRefs', refsFault === undefined, { ...resolved, generation }),
    ],
  };
}
