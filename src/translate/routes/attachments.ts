import { defaultParents } from './default-gateways.ts';
import type { TranslatedRoute } from './translated-route.ts';
import type { Fault } from '../conditions.ts';
import { findListenerSet } from '../former-kinds.ts';
import { parentOf, wrongParent } from '../gateways/listener-sets.ts';
import type { GatewayState, ListenerState } from '../gateways/state.ts';
import { intersect, mostSpecificFirst } from '../hostname.ts';
import type { Inputs, Settings } from '../inputs.ts';
import { namespaceSelected } from '../namespaces.ts';
import { currentKind } from '../../api/former-kinds.ts';
import { keyOf, refOf, type ObjectRef } from '../../api/resource.ts';
import type { ParentReference } from '../../api/types.ts';
import type { Collection, Index, Read } from '../../reactive/collection.ts';

/** One parent of a route, judged. */
export interface Attachment {
  /** As the user wrote it, where it was written: status repeats it. */
  readonly parentRef: ParentReference;
  /** The route does not name the parent: it asks for default Gateways. */
  readonly byDefault: boolean;
  /** Of the parent's class; '' where there is no such parent. */
  readonly controllerName: string;
  /** "AttachedRoutes represents the number of Routes with the Accepted condition set to True". */
  readonly counts: boolean;
  /** Accepted=False because of where it wants to attach. */
  readonly fault: Fault | undefined;
  readonly placements: readonly Placement[];
}

/** A route has a place at a listener, for some hosts. */
export interface Placement {
  /** Key of the Gateway. */
  readonly gateway: string;
  readonly proxy: string;
  /** The listener's key. */
  readonly listener: string;
  readonly table: string;
  /** TLS passes through the listener. */
  readonly passthrough: boolean;
  /** Hosts that fit both listener and route, with the most specific of the route's own hostnames that gave each. */
  readonly hosts: readonly { readonly domain: string; readonly hostname: string }[];
}

/** Any kind of route, as far as attaching goes. What attaches counts as attached if something of the route can be served. */
export type AttachingRoute = Pick<TranslatedRoute, 'kind' | 'namespace' | 'hostnames' | 'parentRefs' | 'useDefaultGateways' | 'acceptedFault'>;

/** Group of Gateways and routes. */
const gatewayGroup = 'gateway.networking.k8s.io';

/** Judges every parentRef that is ours to judge, and the default Gateways that the route asks for. */
export function attach(
  read: Read,
  route: AttachingRoute,
  from: Sources,
): Attachment[] {
  const named = route.parentRefs.flatMap((parentRef): Attachment[] => {
    const { namespace = route.namespace, name } = parentRef;
    const { group, kind } = currentKind(parentRef);
    const key = keyOf(namespace, name);
    const parent = group === gatewayGroup ? findParent(read, { kind, key }, from) : notAParent(kind, key);
    if ('message' in parent) return from.settings.ownsEverything ? [refused(parentRef, { reason: 'NoMatchingParent', message: parent.message })] : [];
    return [attachTo(read, route, { ...parent, parentRef, inputs: from.inputs })];
  });
  const defaults = defaultParents(read, route, from.defaultGateways).map(({ gateway, parentRef }): Attachment => {
    return { ...attachTo(read, route, { ref: refOf({ kind: 'Gateway', key: gateway.key }), gateway, parentRef, inputs: from.inputs }), byDefault: true };
  });
  return [...named, ...defaults];
}

/** An object that routes attach to, and the Gateway that serves its listeners. */
interface Parent {
  readonly ref: ObjectRef;
  readonly gateway: GatewayState;
}

interface Sources {
  readonly inputs: Inputs;
  readonly settings: Settings;
  readonly gateways: Collection<GatewayState>;
  readonly defaultGateways: Index<GatewayState>;
}

/** Finds a Gateway, or a ListenerSet with its Gateway; or says why there is none that is ours. */
function findParent(read: Read, { kind, key }: { readonly kind: string; readonly key: string }, from: Sources): Parent | { readonly message: string } {
  switch (kind) {
    case 'Gateway': {
      const gateway = read.get(from.gateways, key);
      return gateway === undefined ? { message: `Gateway ${key} ${missingGateway(read, key, from)}` } : { ref: `Gateway/${key}`, gateway };
    }
    case 'ListenerSet': {
      const set = findListenerSet(read, key, from.inputs.resources);
      if (set === undefined) return { message: `ListenerSet ${key} does not exist` };
      const [parent] = parentOf(set) ?? [];
      const gateway = parent === undefined ? undefined : read.get(from.gateways, parent);
      if (gateway !== undefined) return { ref: refOf(set), gateway };
      return { message: `ListenerSet ${key}: ${parent === undefined ? wrongParent(set) : `Gateway ${parent} ${missingGateway(read, parent, from)}`}` };
    }
    default:
      return notAParent(kind, key);
  }
}

function notAParent(kind: string, key: string): { readonly message: string } {
  return { message: `${kind} ${key}: only a Gateway or a ListenerSet can be a parent` };
}

function missingGateway(read: Read, key: string, { inputs }: Sources): string {
  return read.get(inputs.resources.Gateway, key) === undefined ? 'does not exist' : 'has a GatewayClass that is not ours, or not accepted';
}

function attachTo(
  read: Read,
  route: AttachingRoute,
  to: Parent & { readonly parentRef: ParentReference; readonly inputs: Inputs },
): Attachment {
  const { gateway, parentRef, ref } = to;
  const { controllerName } = gateway;
  const label = ref.replace('/', ' ');
  const refusal = gateway.listenerSets.find((set) => set.ref === ref)?.fault;
  if (refusal !== undefined) return refused(parentRef, { reason: 'NoMatchingParent', message: `${label} is not accepted: ${refusal.message}` }, controllerName);
  const named = gateway.listeners.filter(
    (listener) =>
      listener.owner.ref === ref &&
      (parentRef.sectionName === undefined || listener.name === parentRef.sectionName) &&
      (parentRef.port === undefined || listener.port === parentRef.port),
  );
  if (named.length === 0) {
    const wanted = [
      ...(parentRef.sectionName === undefined ? [] : [`name "${parentRef.sectionName}"`]),
      ...(parentRef.port === undefined ? [] : [`port ${parentRef.port}`]),
    ].join(' and ');
    return refused(parentRef, { reason: 'NoMatchingParent', message: `${label} has no listener with ${wanted}` }, controllerName);
  }
  const allowing = named.filter((listener) => allows(read, listener, route, to.inputs));
  if (allowing.length === 0) {
    const names = named.map((listener) => `"${listener.name}"`).join(', ');
    const message = `No listener of ${label} allows ${route.kind}s of namespace ${route.namespace} (${names})`;
    return refused(parentRef, { reason: 'NotAllowedByListeners', message }, controllerName);
  }
  const placements = allowing.flatMap((listener) => placement(listener, route, gateway));
  if (placements.length === 0) {
    const hosts = allowing.map((listener) => listener.hostname).join(', ');
    const message = `None of the hostnames ${route.hostnames.join(', ')} fits a listener of ${label} (${hosts})`;
    return refused(parentRef, { reason: 'NoMatchingListenerHostname', message }, controllerName);
  }
  return { parentRef, byDefault: false, controllerName, counts: route.acceptedFault === undefined, fault: undefined, placements };
}

function refused(parentRef: ParentReference, fault: Fault, controllerName = ''): Attachment {
  return { parentRef, byDefault: false, controllerName, counts: false, fault, placements: [] };
}

/** `allowedRoutes`: kinds and namespaces. */
function allows(read: Read, { namespaces, owner, supportedKinds }: ListenerState, route: AttachingRoute, inputs: Inputs): boolean {
  if (!supportedKinds.some(({ kind }) => kind === route.kind)) return false;
  return namespaceSelected(read, route.namespace, { rule: namespaces, own: owner.namespace, inputs });
}

function placement(listener: ListenerState, route: AttachingRoute, gateway: GatewayState): Placement[] {
  const hosts = new Map<string, string>();
  // Of two hostnames that come to the same host at this listener, the more specific one counts.
  for (const hostname of route.hostnames.toSorted(mostSpecificFirst)) {
    const domain = intersect(listener.hostname, hostname);
    if (domain !== undefined && !hosts.has(domain)) hosts.set(domain, hostname);
  }
  if (hosts.size === 0) return [];
  return [
    {
      gateway: gateway.key,
      proxy: gateway.proxy,
      listener: listener.key,
      table: listener.table,
      passthrough: listener.tls === 'Passthrough',
      hosts: [...hosts].map(([domain, hostname]) => ({ domain, hostname })),
    },
  ];
}
