import type { FilterChain, Listener } from '../../ir/listener.ts';
import type { StreamBackend, StreamRoute } from '../../ir/stream.ts';
import { covers } from '../../translate/hostname.ts';
import { backendResources, deliveryOf, listenerResources } from './delivery.ts';
import type { Explanation, OtherRoute, RoutePart, StreamPart } from './explanation.ts';
import { endpointParts, percent } from './forwarding.ts';
import type { World } from './world.ts';

/** What was found out before: how the connection came here. */
type Base = Omit<Explanation, 'summary' | 'answer'>;

/** A connection, or datagrams, of which nobody reads more than the server name. */
export function handedOn(base: Base, { listener, chain, world }: { readonly listener: Listener; readonly chain: FilterChain | undefined; readonly world: World }): Explanation {
  const { target } = chain ?? {};
  const route = target?.type === 'stream' ? world.streamRoute(target.route) : undefined;
  const host = chain?.serverNames[0] ?? '*';
  const what = listener.transport === 'UDP' ? 'datagrams are dropped' : 'the connection is closed';
  const backends = (route?.backends ?? []).filter(({ weight }) => weight > 0);
  const total = backends.reduce((sum, { weight }) => sum + weight, 0);
  const parts = backends.map((backend) => streamPart(backend, total, { world, what }));
  const resources = [
    ...listenerResources(listener, chain),
    ...(route === undefined || listener.transport === 'UDP' ? [] : [['ECDS', route.key] as const]),
    ...backendResources(world, parts.flatMap(({ backend }) => backend ?? [])),
  ];
  const common = { ...base, others: otherRoutes(route, { base, world, host, transport: listener.transport }), delivery: deliveryOf(world, listener.proxy, resources) };
  if (route === undefined || parts.length === 0) {
    const reason = route === undefined ? `no route takes ${host === '*' ? 'it' : `server name ${host}`}: ${what}` : `nobody is behind ${route.owner.replace('/', ' ')}: ${what}`;
    return { ...common, answer: { type: 'none', reason }, summary: `No answer: ${reason}.` };
  }
  return { ...common, route: routePart(route, host), answer: { type: 'connect', backends: parts }, summary: summaryOf(route, parts, listener) };
}

function routePart({ key, owner }: StreamRoute, host: string): RoutePart {
  return { name: key, owner, ruleName: '', match: host === '*' ? 'whatever comes' : `server name ${host}`, effects: [] };
}

function streamPart({ backend, weight }: StreamBackend, total: number, { world, what }: { readonly world: World; readonly what: string }): StreamPart {
  const known = backend === undefined ? undefined : world.backend(backend);
  const servers = backend === undefined ? { endpoints: [], endpointsOmitted: 0 } : endpointParts(backend, world);
  return { backend, share: weight / total, failure: failureOf(), tls: known?.tls !== undefined, ...servers };

  function failureOf(): string | undefined {
    if (backend === undefined) return `the backendRef leads nowhere, ${what}: see the conditions of the route`;
    if (known === undefined) return `the backend is not on this proxy, ${what}`;
    if (known.discovery.type === 'none') return `the connection cannot be secured as it has to be, ${what}: see the conditions of the BackendTLSPolicy`;
    return servers.endpoints.length === 0 ? `the backend has no endpoints that are ready, ${what}` : undefined;
  }
}

function summaryOf({ owner }: StreamRoute, parts: readonly StreamPart[], { transport }: Listener): string {
  const label = ({ share }: StreamPart) => (parts.length === 1 ? '' : `${percent(share)} `);
  const passed = parts.flatMap((part) => (part.failure === undefined ? [`${label(part)}${part.backend ?? ''}`] : []));
  const failed = parts.flatMap((part) => (part.failure === undefined ? [] : [`${label(part)}nobody: ${part.failure}${part.backend === undefined ? '' : ` (${part.backend})`}`]));
  return `${owner.replace('/', ' ')} hands ${transport === 'UDP' ? 'datagrams' : 'the connection'} on to ${[...passed, ...failed].join('; ')}.`;
}

/** Routes that are attached for the same name, of which only one can have it, and those that the Gateway does not accept. */
function otherRoutes(
  route: StreamRoute | undefined,
  { base, world, host, transport }: { readonly base: Base; readonly world: World; readonly host: string; readonly transport: Listener['transport'] },
): OtherRoute[] {
  const { listener } = base;
  if (listener === undefined) return [];
  const attached = [...world.attached(`${listener.owner}/${listener.name}`)].filter(({ owner, hostnames }) => owner !== route?.owner && hostnames.some((name) => covers(name, host)));
  const unserved = [...world.unserved(listener.gateway, transport === 'UDP' ? ['UDPRoute'] : ['TLSRoute', 'TCPRoute'])].filter(({ hostnames }) => hostnames.some((name) => covers(name, host)));
  return [
    ...attached.map(({ owner }): OtherRoute => ({ name: owner, match: '', fits: true, why: `one route has all: ${route?.owner ?? 'another one'} has the more specific hostname, is older, or its name is first` })),
    ...unserved.map(({ owner, reason }): OtherRoute => ({ name: owner, match: '', fits: false, why: reason })),
  ];
}
