import type { TranslatedRoute } from './translated-route.ts';
import type { Fault } from '../conditions.ts';
import type { GatewayState, ListenerState } from '../gateways/state.ts';
import { intersect, mostSpecificFirst } from '../hostname.ts';
import type { Inputs, Settings } from '../inputs.ts';
import { selects } from '../label-selector.ts';
import type { ParentReference } from '../../api/types.ts';
import type { Collection, Read } from '../../reactive/collection.ts';

/** One parentRef of a route, judged. */
export interface Attachment {
  /** As the user wrote it: status repeats it. */
  readonly parentRef: ParentReference;
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
  /** `gateway key/listener name`. */
  readonly listener: string;
  readonly table: string;
  /** Hosts that fit both listener and route, with the most specific of the route's own hostnames that gave each. */
  readonly hosts: readonly { readonly domain: string; readonly hostname: string }[];
}

/** Any kind of route, as far as attaching goes. What attaches counts as attached if something of the route can be served. */
export type AttachingRoute = Pick<TranslatedRoute, 'kind' | 'namespace' | 'hostnames' | 'parentRefs' | 'acceptedFault'>;

/** Group of Gateways and routes. */
const gatewayGroup = 'gateway.networking.k8s.io';

/** Judges every parentRef that is ours to judge. */
export function attach(
  read: Read,
  route: AttachingRoute,
  from: { readonly inputs: Inputs; readonly settings: Settings; readonly gateways: Collection<GatewayState> },
): Attachment[] {
  return route.parentRefs.flatMap((parentRef): Attachment[] => {
    const { group, kind, namespace = route.namespace, name } = parentRef;
    if (group !== gatewayGroup || kind !== 'Gateway') {
      if (!from.settings.ownsEverything) return [];
      return [refused(parentRef, { reason: 'NoMatchingParent', message: `${kind} ${namespace}/${name}: only a Gateway can be a parent` })];
    }
    const gateway = read.get(from.gateways, `${namespace}/${name}`);
    if (gateway === undefined) {
      if (!from.settings.ownsEverything) return [];
      const exists = read.get(from.inputs.resources.Gateway, `${namespace}/${name}`) !== undefined;
      const why = exists ? 'has a GatewayClass that is not ours, or not accepted' : 'does not exist';
      return [refused(parentRef, { reason: 'NoMatchingParent', message: `Gateway ${namespace}/${name} ${why}` })];
    }
    return [attachTo(read, route, { gateway, parentRef, inputs: from.inputs })];
  });
}

function attachTo(
  read: Read,
  route: AttachingRoute,
  to: { readonly gateway: GatewayState; readonly parentRef: ParentReference; readonly inputs: Inputs },
): Attachment {
  const { gateway, parentRef } = to;
  const { controllerName } = gateway;
  const named = gateway.listeners.filter(
    (listener) =>
      (parentRef.sectionName === undefined || listener.name === parentRef.sectionName) &&
      (parentRef.port === undefined || listener.port === parentRef.port),
  );
  if (named.length === 0) {
    const wanted = [
      ...(parentRef.sectionName === undefined ? [] : [`name "${parentRef.sectionName}"`]),
      ...(parentRef.port === undefined ? [] : [`port ${parentRef.port}`]),
    ].join(' and ');
    return refused(parentRef, { reason: 'NoMatchingParent', message: `Gateway ${gateway.key} has no listener with ${wanted}` }, controllerName);
  }
  const allowing = named.filter((listener) => allows(read, listener, route, { gateway, inputs: to.inputs }));
  if (allowing.length === 0) {
    const names = named.map((listener) => `"${listener.name}"`).join(', ');
    const message = `No listener of Gateway ${gateway.key} allows ${route.kind}s of namespace ${route.namespace} (${names})`;
    return refused(parentRef, { reason: 'NotAllowedByListeners', message }, controllerName);
  }
  const placements = allowing.flatMap((listener) => placement(listener, route, gateway));
  if (placements.length === 0) {
    const hosts = allowing.map((listener) => listener.hostname).join(', ');
    const message = `None of the hostnames ${route.hostnames.join(', ')} fits a listener of Gateway ${gateway.key} (${hosts})`;
    return refused(parentRef, { reason: 'NoMatchingListenerHostname', message }, controllerName);
  }
  return { parentRef, controllerName, counts: route.acceptedFault === undefined, fault: undefined, placements };
}

function refused(parentRef: ParentReference, fault: Fault, controllerName = ''): Attachment {
  return { parentRef, controllerName, counts: false, fault, placements: [] };
}

/** `allowedRoutes`: kinds and namespaces. A namespace nobody declared has the one label that Kubernetes gives it. */
function allows(
  read: Read,
  listener: ListenerState,
  route: AttachingRoute,
  at: { readonly gateway: GatewayState; readonly inputs: Inputs },
): boolean {
  if (!listener.supportedKinds.some(({ kind }) => kind === route.kind)) return false;
  switch (listener.namespaces.from) {
    case 'All':
      return true;
    case 'Same':
      return route.namespace === at.gateway.namespace;
    case 'Selector': {
      if (listener.namespaces.selector === undefined) return false;
      const labels = read.get(at.inputs.resources.Namespace, route.namespace)?.metadata.labels;
      return selects(listener.namespaces.selector, { 'kubernetes.io/metadata.name': route.namespace, ...labels });
    }
  }
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
      hosts: [...hosts].map(([domain, hostname]) => ({ domain, hostname })),
    },
  ];
}
