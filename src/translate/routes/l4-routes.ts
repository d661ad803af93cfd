import { routeIdentity, type RouteParents } from './route-identity.ts';
import type { L4Route, RouteVerdict } from './translated-route.ts';
import { resolveBackend, type BackendCatalog, type Traffic } from '../backends/resolve.ts';
import { at, bugFault, joinFaults, type Fault } from '../conditions.ts';
import type { Inputs } from '../inputs.ts';
import { refOf, type Resource } from '../../api/resource.ts';
import type { BackendRef } from '../../api/types.ts';
import type { StreamBackend } from '../../ir/stream.ts';
import type { Collection, Read } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';
import { byText } from '../../util/compare.ts';

/** An object of one of the kinds; their rules are alike. */
type L4Resource = Resource<
  'TLSRoute' | 'TCPRoute' | 'UDPRoute',
  {
    readonly spec: RouteParents & {
      readonly hostnames?: readonly string[];
      readonly rules: readonly { readonly backendRefs: readonly BackendRef[] }[];
    };
  }
>;

/** What a connection carries is between the client and the backend. */
const traffic: Readonly<Record<L4Resource['kind'], Traffic>> = { TLSRoute: { opaque: true }, TCPRoute: { opaque: true }, UDPRoute: { protocol: 'UDP' } };

/** All TLSRoutes, TCPRoutes and UDPRoutes, translated without regard to where they attach. Key: their reference. */
export function l4Routes(graph: Graph, inputs: Inputs, catalog: BackendCatalog): Collection<L4Route> {
  const { TLSRoute, TCPRoute, UDPRoute } = inputs.resources;
  const translate = (route: L4Resource, read: Read): L4Route => l4Route(route, read, { inputs, catalog });
  return graph.union('l4-routes', {
    TLSRoute: graph.derive('tls-routes', TLSRoute, translate, { recover }),
    TCPRoute: graph.derive('tcp-routes', TCPRoute, translate, { recover }),
    UDPRoute: graph.derive('udp-routes', UDPRoute, translate, { recover }),
  });
}

/** Rules have nothing to tell connections apart by: the backends of all of them share what comes (there may be several in v1alpha2). */
function l4Route(route: L4Resource, read: Read, { inputs, catalog }: { readonly inputs: Inputs; readonly catalog: BackendCatalog }): L4Route {
  const { kind, metadata, object, version } = route;
  const { rules, hostnames = [] } = object.spec;
  const rejection = read.get(inputs.rejections, refOf(route));
  const rejected = rejection?.version === version ? rejection.message : undefined;
  const from = { kind, namespace: metadata.namespace };
  const resolved = (how: Traffic) =>
    rules.flatMap(({ backendRefs }, rule) =>
      backendRefs.map((ref, index): Share => {
        const found = resolveBackend(read, from, ref, catalog, how);
        return 'fault' in found
          ? { backend: undefined, weight: ref.weight, fault: at(`rules[${rule}].backendRefs[${index}]`, found.fault) }
          : { backend: found.backend, weight: ref.weight, fault: undefined };
      }),
    );
  const shares = resolved(traffic[kind]);
  const passthrough = kind === 'TLSRoute' ? resolved({ ...traffic[kind], passthrough: true }) : shares;
  const inForce = (all: readonly Share[]): StreamBackend[] =>
    all.filter(({ weight }) => weight > 0).map(({ backend, weight }) => ({ backend: rejected === undefined ? backend : undefined, weight }));
  return {
    ...routeIdentity(route),
    version,
    hostnames: hostnames.length === 0 ? ['*'] : [...new Set(hostnames.map((hostname) => hostname.toLowerCase()))],
    shares: inForce(shares),
    passthroughShares: inForce(passthrough),
    ...verdict(rejected),
    refsFault: joinFaults(shares.flatMap(({ fault }) => fault ?? [])),
    backends: keysOf(shares),
    ...(kind === 'TLSRoute' && { passthroughBackends: keysOf(passthrough) }),
  };
}

/** What a reference to a backend comes to. */
interface Share extends StreamBackend {
  readonly fault: Fault | undefined;
}

function keysOf(shares: readonly Share[]): string[] {
  return [...new Set(shares.flatMap(({ backend }) => backend ?? []))].sort(byText);
}

function verdict(rejected: string | undefined): Pick<RouteVerdict, 'acceptedFault' | 'partialFault'> {
  if (rejected === undefined) return { acceptedFault: undefined, partialFault: undefined };
  const message = `Envoy refused the route, its connections are closed: ${rejected}`;
  return { acceptedFault: { reason: 'UnsupportedValue', message }, partialFault: undefined };
}

function recover(route: L4Resource, error: unknown): L4Route {
  return {
    ...routeIdentity(route),
    version: route.version,
    hostnames: ['*'],
    shares: [],
    passthroughShares: [],
    acceptedFault: bugFault(error),
    partialFault: undefined,
    refsFault: undefined,
    backends: [],
  };
}
