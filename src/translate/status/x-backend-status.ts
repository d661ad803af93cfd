import type { XBackendState } from '../backends/x-backends.ts';
import { condition } from '../conditions.ts';
import type { Inputs, Settings } from '../inputs.ts';
import type { ReferenceGrants, Target } from '../reference-grants.ts';
import type { Attachment } from '../routes/attachments.ts';
import type { ObjectStatus } from './object-status.ts';
import { refOf, type Resource } from '../../api/resource.ts';
import type { ParentReference, RouteKind } from '../../api/types.ts';
import type { Collection } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';
import { byText } from '../../util/compare.ts';

/** An XBackend is used by a Gateway: by a route that has a place there. */
interface Use {
  readonly gateway: string;
  readonly controllerName: string;
}

interface NamedUse extends Use {
  readonly backend: string;
}

const gatewayGroup = 'gateway.networking.k8s.io';
/** "A maximum of 32 ancestors will be represented in this list." */
const maxAncestors = 32;

/** `status` of XBackends: an ancestor for each Gateway of ours that has a route to it. */
export function xBackendStatuses(
  graph: Graph,
  from: { readonly inputs: Inputs; readonly settings: Settings; readonly grants: ReferenceGrants; readonly xBackends: Collection<XBackendState>; readonly attachments: Collection<readonly Attachment[]> },
): Collection<ObjectStatus> {
  const { resources } = from.inputs;
  const uses = graph.expand('x-backend-uses', from.attachments, (attached, read, ref): [string, NamedUse][] => {
    const places = attached.filter(({ counts, placements }) => counts && placements.length > 0);
    const slash = ref.indexOf('/');
    const kind = ref.slice(0, slash) as RouteKind;
    const routes: Collection<Resource> = resources[kind];
    const route = places.length === 0 ? undefined : read.get(routes, ref.slice(slash + 1));
    if (route === undefined) return [];
    const { namespace } = route.metadata;
    const backends = xBackendsOf(route).filter((target) => from.grants.permits(read, { group: gatewayGroup, kind, namespace }, target));
    return places.flatMap(({ parentRef, controllerName }) => backends.map((target): [string, NamedUse] => {
      const gateway = `${parentRef.namespace ?? namespace}/${parentRef.name}`;
      const backend = `${target.namespace}/${target.name}`;
      return [`${backend}|${gateway}|${ref}`, { backend, gateway, controllerName }];
    }));
  });
  const users = graph.group('x-backend-users', uses, ({ backend }) => [backend], (a, b) => byText(a.gateway, b.gateway));
  return graph.derive('x-backend-status', users, (found, read, key): ObjectStatus | undefined => {
    const state = read.get(from.xBackends, key);
    const unique = [...new Map(found.map((use) => [use.gateway, use])).values()].slice(0, maxAncestors);
    if (state === undefined) return undefined;
    const unlisted = read.get(from.inputs.selectorFaults, key);
    const acceptedFault = state.acceptedFault ?? (unlisted === undefined ? undefined : { reason: 'Invalid', message: unlisted });
    return { ref: refOf(state.resource), kind: 'XBackend', key, status: { ancestors: unique.map((use) => ancestor({ ...state, acceptedFault }, use, from.settings)) } };
  });
}

function ancestor({ resource, acceptedFault, refsFault }: XBackendState, { gateway, controllerName }: Use, settings: Settings): object {
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

/** Any part of a route, as far as references to backends may be in it. */
interface Part {
  readonly backendRefs?: readonly (Reference & Part)[];
  readonly filters?: readonly { readonly requestMirror?: { readonly backendRef: Reference }; readonly externalAuth?: { readonly backendRef: Reference } }[];
}

interface Reference {
  readonly group: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** The XBackends that a route names. */
function xBackendsOf({ object, metadata }: Resource): Target[] {
  const { rules = [] } = (object as { readonly spec: { readonly rules?: readonly Part[] } }).spec;
  return rules
    .flatMap(referencesOf)
    .filter(({ group, kind }) => group === 'gateway.networking.x-k8s.io' && kind === 'XBackend')
    .map(({ namespace = metadata.namespace, ...ref }) => ({ ...ref, namespace }));
}

function referencesOf({ backendRefs = [], filters = [] }: Part): Reference[] {
  const ofFilters = filters.flatMap(({ requestMirror, externalAuth }) => [requestMirror?.backendRef ?? [], externalAuth?.backendRef ?? []].flat());
  return [...ofFilters, ...backendRefs.flatMap((ref) => [ref, ...referencesOf({ filters: ref.filters ?? [] })])];
}
