import type { Resources } from '../inputs.ts';
import type { ReferenceGrants, Target } from '../reference-grants.ts';
import type { Attachment } from '../routes/attachments.ts';
import type { Resource } from '../../api/resource.ts';
import type { RouteKind } from '../../api/types.ts';
import type { Collection, Read } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';
import { byText, chain } from '../../util/compare.ts';

/** A Gateway with routes that name an object as a backend. */
export interface BackendUser {
  readonly gateway: string;
  /** '' where none is known. */
  readonly controllerName: string;
  /** One of the routes at least has a place there. */
  readonly accepted: boolean;
}

const gatewayGroup = 'gateway.networking.k8s.io';

/** Which references count. */
export interface CountedReferences {
  /** Of the kind of object, to tell collections apart. */
  readonly name: string;
  readonly counts: (read: Read, target: Target) => boolean;
  /** Whether those of filters do. */
  readonly byFilters: boolean;
}

/** The Gateways that use objects, by `namespace/name` of the object; each once, sorted. References that are not granted do not count. */
export function backendUsers(
  graph: Graph,
  { name: backendKind, counts, byFilters }: CountedReferences,
  from: { readonly inputs: { readonly resources: Resources }; readonly grants: ReferenceGrants; readonly attachments: Collection<readonly Attachment[]> },
): Collection<readonly BackendUser[]> {
  const uses = graph.expand(`${backendKind}-uses`, from.attachments, (attached, read, ref): [string, Use][] => {
    const slash = ref.indexOf('/');
    const kind = ref.slice(0, slash) as RouteKind;
    const routes: Collection<Resource> = from.inputs.resources[kind];
    const places = attached.filter(isOurs);
    const route = places.length === 0 ? undefined : read.get(routes, ref.slice(slash + 1));
    if (route === undefined) return [];
    const { namespace } = route.metadata;
    const named = referencesOf(route, byFilters).filter((target) => counts(read, target));
    const backends = named.filter((target) => from.grants.permits(read, { group: gatewayGroup, kind, namespace }, target));
    return backends.flatMap((target) => places.flatMap((attachment) => gatewaysOf(attachment, namespace)).map((user): [string, Use] => {
      const backend = `${target.namespace}/${target.name}`;
      return [`${backend}|${user.gateway}|${user.accepted}|${ref}`, { ...user, backend }];
    }));
  });
  // The accepted ones first: of the uses by one Gateway the first counts.
  const order = chain<Use>((a, b) => byText(a.gateway, b.gateway), (a, b) => Number(b.accepted) - Number(a.accepted), (a, b) => byText(a.controllerName, b.controllerName));
  const byBackend = graph.group(`${backendKind}-use-groups`, uses, ({ backend }) => [backend], order);
  return graph.derive(`${backendKind}-users`, byBackend, (group): readonly BackendUser[] => {
    const first = new Map<string, BackendUser>();
    for (const { gateway, controllerName, accepted } of group) if (!first.has(gateway)) first.set(gateway, { gateway, controllerName, accepted });
    return [...first.values()];
  });
}

interface Use extends BackendUser {
  readonly backend: string;
}

/** Whether there is a Gateway of ours behind a parent. */
function isOurs({ controllerName, placements }: Attachment): boolean {
  return placements.length > 0 || controllerName !== '';
}

/** The Gateways of ours behind a parent: a parent that is a ListenerSet has places at its Gateway. */
function gatewaysOf({ parentRef, controllerName, counts, placements }: Attachment, namespace: string): BackendUser[] {
  if (placements.length > 0) return [...new Set(placements.map(({ gateway }) => gateway))].map((gateway) => ({ gateway, controllerName, accepted: counts }));
  if (parentRef.kind !== 'Gateway') return [];
  return [{ gateway: `${parentRef.namespace ?? namespace}/${parentRef.name}`, controllerName, accepted: false }];
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

/** All that a route names as backends. */
function referencesOf({ object, metadata }: Resource, byFilters: boolean): Target[] {
  const { rules = [] } = (object as { readonly spec: { readonly rules?: readonly (Part | undefined)[] } }).spec;
  const found = rules.flatMap((rule = {}) => (byFilters ? referencesIn(rule) : (rule.backendRefs ?? [])));
  return found.map(({ namespace = metadata.namespace, ...ref }) => ({ ...ref, namespace }));
}

function referencesIn({ backendRefs = [], filters = [] }: Part): Reference[] {
  const ofFilters = filters.flatMap(({ requestMirror, externalAuth }) => [requestMirror?.backendRef ?? [], externalAuth?.backendRef ?? []].flat());
  return [...ofFilters, ...backendRefs.flatMap((ref) => [ref, ...referencesIn({ filters: ref.filters ?? [] })])];
}
