import type { Delivery, KnownListener, RouteKind, UnservedRoute, World } from '../admin/explain/world.ts';
import { findings, type AnyStatus } from '../admin/findings.ts';
import { keyOf, type Resource } from '../api/resource.ts';
import type { Collection } from '../reactive/collection.ts';
import type { GatewayState, ListenerState } from '../translate/gateways/state.ts';
import type { XdsType } from '../xds/server/types.ts';
import type { ControlPlane } from './control-plane.ts';

/** What is served according to a control plane, for explanations. */
export function worldOf({ outputs, resources, portBindings, xds }: ControlPlane, delivery?: (proxy: string, type: XdsType, name: string) => Delivery): World {
  return {
    listeners: () => outputs.listeners.values(),
    *ports() {
      for (const [key, { proxy, port, transport }] of outputs.wantedPorts.entries()) {
        const binding = portBindings.get(key);
        yield { proxy, port, transport, ...(binding !== undefined && 'error' in binding && { error: binding.error }) };
      }
    },
    routeTable: (key) => outputs.routeTables.get(key),
    streamRoute: (key) => outputs.streamRoutes.get(key),
    virtualHost: (table, domain) => outputs.virtualHosts.get(`${table}|${domain}`),
    *domains(table) {
      for (const host of outputs.virtualHosts.values()) if (host.table === table && host.routes.length > 0) yield host.domain;
    },
    isSharded: (table) => {
      const proxy = outputs.routeTables.get(table)?.proxy;
      return proxy !== undefined && xds.get(`${proxy}|RDS|${table}`) === undefined;
    },
    backend: (key) => outputs.backends.get(key),
    endpoints: (key) => outputs.endpointSets.get(key),
    gatewayListeners: (proxy) => [...outputs.gateways.values()].filter((gateway) => gateway.proxy === proxy).flatMap((gateway) => gateway.listeners.map((listener) => knownListener(gateway, listener))),
    *attached(listener) {
      for (const [owner, attached] of outputs.attachments.entries()) {
        const placements = attached.flatMap((attachment) => attachment.placements).filter((placement) => placement.listener === listener);
        if (placements.length > 0) yield { owner, hostnames: placements.flatMap(({ hosts }) => hosts.map(({ domain }) => domain)) };
      }
    },
    backendWeights: (owner, rule) => backendWeights({ outputs, resources }, owner, rule),
    unserved: (gateway, kinds) => unservedRoutes({ outputs, resources }, gateway, kinds),
    ...(delivery !== undefined && { delivery }),
  };
}

function knownListener(gateway: GatewayState, listener: ListenerState): KnownListener {
  const { name, owner, port, transport, hostname, chain, serving } = listener;
  const fault = gateway.fault ?? (serving ? undefined : (listener.acceptedFault ?? listener.conflict ?? listener.portFault ?? listener.guardFault ?? listener.refsFault));
  return { gateway: gateway.key, owner: owner.ref, name, port, transport, hostname, chain, fault: fault?.message };
}

type Served = Pick<ControlPlane, 'outputs' | 'resources'>;

/** Nothing where a condition finds fault with the rule, or with the route as a whole: that is the reason then. */
function backendWeights({ outputs, resources }: Served, owner: string, index: number): readonly number[] | undefined {
  const route = routeOf({ resources }, owner);
  const rule = route?.object.spec.rules?.[index];
  if (rule === undefined) return undefined;
  const status = outputs.statuses.flatMap((collection) => [...collection.values()]).find(({ ref }) => ref === owner)?.status;
  const faults = findings(status).filter(({ severity }) => severity === 'error');
  if (faults.some(({ message }) => message.includes(`rules[${index}]`) || !message.includes('rules['))) return undefined;
  const weights = (rule.backendRefs ?? []).map(({ weight }) => weight);
  return weights.some((weight) => weight > 0) ? undefined : weights;
}

/** A route of any kind, as far as it is looked at here. */
type AnyRoute = Resource<
  RouteKind,
  { readonly spec: { readonly hostnames?: readonly string[]; readonly rules?: readonly { readonly backendRefs?: readonly { readonly weight: number }[] }[] } }
>;

function routeOf({ resources }: Pick<ControlPlane, 'resources'>, ref: string): AnyRoute | undefined {
  const slash = ref.indexOf('/');
  return (resources[ref.slice(0, slash) as RouteKind] as Collection<AnyRoute> | undefined)?.get(ref.slice(slash + 1));
}

/** Routes that name a Gateway, or a ListenerSet of its, which does not accept them. */
function* unservedRoutes({ outputs, resources }: Served, gateway: string, kinds: readonly RouteKind[]): Iterable<UnservedRoute> {
  const parts = new Set([`Gateway/${gateway}`, ...(outputs.gateways.get(gateway)?.listenerSets ?? []).map(({ ref }) => ref)]);
  for (const { kind, ref, status } of outputs.statuses.flatMap((collection) => [...collection.values()])) {
    const route = kinds.some((each) => each === kind) ? routeOf({ resources }, ref) : undefined;
    if (route === undefined) continue;
    const parents = ((status as AnyStatus).parents ?? []).filter(({ parentRef }) => {
      const { kind: parentKind = 'Gateway', name, namespace = route.metadata.namespace } = parentRef;
      return parts.has(`${parentKind}/${keyOf(namespace, name)}`);
    });
    const reason = findings({ parents }).find(({ type }) => type === 'Accepted');
    if (reason === undefined) continue;
    const { hostnames = [] } = route.object.spec;
    yield { owner: ref, hostnames: hostnames.length === 0 ? ['*'] : hostnames.map((hostname) => hostname.toLowerCase()), reason: `not accepted (${reason.reason}): ${reason.message}` };
  }
}
