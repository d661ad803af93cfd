import { backends } from './backends/backends.ts';
import { emptyBackends } from './backends/empty-backends.ts';
import type { BackendCatalog } from './backends/resolve.ts';
import { serviceAddresses } from './backends/service-addresses.ts';
import { servicePorts } from './backends/services.ts';
import { xBackends } from './backends/x-backends.ts';
import { certificates } from './gateways/certificates.ts';
import { gateways } from './gateways/gateways.ts';
import { listenerOf, servingByPort, tablesOf, wantedPorts, type TableState, type WantedPort } from './gateways/ports.ts';
import { infrastructure, type Infrastructure } from './gateways/infrastructure.ts';
import { byAge, type GatewayState } from './gateways/state.ts';
import { listenerSets } from './former-kinds.ts';
import { gatewayClasses } from './gateway-classes.ts';
import { inferencePools, type PoolState } from './inference/pools.ts';
import type { Inputs, Settings } from './inputs.ts';
import { missing } from './missing.ts';
import { referenceGrants } from './reference-grants.ts';
import { attach, type Attachment } from './routes/attachments.ts';
import { defaultGateways } from './routes/default-gateways.ts';
import { l4Routes } from './routes/l4-routes.ts';
import { l7Routes } from './routes/l7-routes.ts';
import type { TranslatedRoute } from './routes/translated-route.ts';
import type { ObjectStatus } from './status/object-status.ts';
import { statuses } from './status/statuses.ts';
import { hostClaims, hostEntries, hostKey } from './host-entries.ts';
import { streamPlaces } from './stream-places.ts';
import { caCertificates } from './tls/ca-certificates.ts';
import { objectTls } from './tls/object-tls.ts';
import { tlsPolicies } from './tls/tls-policy.ts';
import { reachOf, type GatewayBackend } from './tls/tls-targets.ts';
import { telemetryPolicies } from './telemetry/telemetry-policy.ts';
import { trafficPolicies } from './traffic/traffic-policy.ts';
import { virtualHosts } from './virtual-hosts.ts';
import type { Backend, BackendUse, EndpointSet } from '../ir/backend.ts';
import { withParameters } from '../ir/backend-tls.ts';
import { terminationOf, type Certificate, type Listener, type Proxy, type RouteTable } from '../ir/listener.ts';
import type { VirtualHost } from '../ir/route.ts';
import type { StreamRoute } from '../ir/stream.ts';
import type { TrustBundle } from '../ir/trust-bundle.ts';
import type { Collection } from '../reactive/collection.ts';
import type { Graph } from '../reactive/graph.ts';

/** A certificate goes to a proxy because a listener or a backend there names it. */
export interface CertificateUse {
  readonly proxy: string;
  readonly certificate: string;
}

/** A trust bundle goes to a proxy because a backend there names it, or a listener that checks clients against it. */
export interface TrustUse {
  readonly proxy: string;
  readonly trustBundle: string;
}

/** A Gateway needs a backend on its proxy, for a route or for what its listeners do. */
type NeededBackend = Pick<BackendUse, 'proxy' | 'backend'> & GatewayBackend;

/** Everything that translation gives. */
export interface Outputs {
  readonly proxies: Collection<Proxy>;
  /** What the proxies run on, for those who provide it. Key: the proxy's id. */
  readonly infrastructure: Collection<Infrastructure>;
  /** Gateways as they were judged, with all listeners, those that are not served too: for who explains. */
  readonly gateways: Collection<GatewayState>;
  /** Where routes are attached. Key: the reference of the route. */
  readonly attachments: Collection<readonly Attachment[]>;
  readonly wantedPorts: Collection<WantedPort>;
  readonly listeners: Collection<Listener>;
  readonly routeTables: Collection<RouteTable>;
  readonly virtualHosts: Collection<VirtualHost>;
  readonly streamRoutes: Collection<StreamRoute>;
  readonly backends: Collection<Backend>;
  /** Backends as single proxies speak to them: those where a proxy brings something of its own into TLS. Key: as in `backendUses`. */
  readonly proxyBackends: Collection<Backend>;
  readonly endpointSets: Collection<EndpointSet>;
  /** All InferencePools, whoever uses them. */
  readonly pools: Collection<PoolState>;
  readonly backendUses: Collection<BackendUse>;
  /** Endpoints to use in place of a backend's own, where a proxy reaches it via its Service. */
  readonly serviceAddresses: Collection<EndpointSet>;
  readonly certificates: Collection<Certificate>;
  readonly certificateUses: Collection<CertificateUse>;
  readonly trustBundles: Collection<TrustBundle>;
  readonly trustUses: Collection<TrustUse>;
  readonly statuses: readonly Collection<ObjectStatus>[];
}

/**
 * The semantics of the Gateway API as one incremental computation.
 *
 *     GatewayClass ─► classes ─► gateways ─► ports, listeners, tables ────────────► listeners, route tables
 *     Secret ─► certificates, CAs ─┘ │                        │
 *     routes ─► rules ◄─ services, backends, grants          │
 *                 └─► attachments ◄──┘ ─► host entries ─► virtual hosts ──────────► virtual hosts
 *     EndpointSlice ─────────────────────────► endpoint sets ─────────────────────► endpoint sets
 *     all of them ────────────────────────────────────────────────────────────────► statuses
 */
export function translate(graph: Graph, inputs: Inputs, settings: Settings): Outputs {
  const { resources } = inputs;
  const grants = referenceGrants(resources.ReferenceGrant);
  const services = servicePorts(graph, inputs);
  const tls = certificates(graph, inputs);
  const cas = caCertificates(graph, inputs, grants);
  const policies = tlsPolicies(graph, inputs, cas);
  const ofObjects = objectTls(graph, inputs, { cas, certificates: tls });
  const traffic = trafficPolicies(graph, inputs);
  // Whoever writes the files of a machine is master of it.
  const anyHost = settings.ownsEverything;
  const ofXBackends = xBackends(graph, { inputs, cas, certificates: tls, grants, anyHost });
  const pools = inferencePools(graph, { inputs, settings, services });
  const catalog: BackendCatalog = {
    services,
    backends: resources.Backend,
    xBackends: ofXBackends,
    pools,
    poolImports: resources.InferencePoolImport,
    grants,
    policies,
    objectTls: ofObjects,
    anyHost,
    missing: (read, of) => missing(read, inputs, of),
  };
  const telemetry = telemetryPolicies(graph, inputs, catalog);
  const classes = gatewayClasses(graph, inputs, settings);
  const sets = listenerSets(graph, inputs);
  const states = gateways(graph, inputs, { settings, classes, grants, listenerSets: sets, certificates: tls, cas, catalog, telemetry });
  const fleets = graph.group('fleets', states, ({ proxy }) => [proxy], byAge);

  const ports = graph.expand('wanted-ports', fleets, (fleet): Iterable<[string, WantedPort]> => wantedPorts(fleet));
  const tables = graph.expand('table-states', fleets, (fleet, read): [string, TableState][] =>
    tablesOf(fleet, (port) => read.get(inputs.portBindings, port)).map((state) => [state.key, state]),
  );

  const requestRoutes = l7Routes(graph, inputs, catalog, traffic);
  const connectionRoutes = l4Routes(graph, inputs, catalog);
  const routes = graph.merge<TranslatedRoute>('routes', [requestRoutes, connectionRoutes]);
  const defaults = defaultGateways(states);
  const attachments = graph.derive('attachments', routes, (route, read): readonly Attachment[] => attach(read, route, { inputs, settings, gateways: states, defaultGateways: defaults }));
  const entries = graph.merge('host-entries', [
    graph.expand('host-claims', states, hostClaims),
    graph.expand('host-routes', attachments, hostEntries),
  ]);
  const hosts = graph.group('hosts', entries, (entry) => [hostKey(entry.table, entry.domain)]);
  const streams = streamPlaces(graph, { hosts, tables, routes: connectionRoutes });
  const listeners = graph.expand('listeners', fleets, (fleet, read): [string, Listener][] =>
    [...servingByPort(fleet)].flatMap(([port, serving]): [string, Listener][] => {
      const listener = listenerOf(serving, { binding: read.get(inputs.portBindings, port), streams: (table) => read.get(streams.domains, table) ?? [] });
      return listener === undefined ? [] : [[listener.key, listener]];
    }),
  );

  const routeUses = graph.expand('route-backends', attachments, (attached, read, key): [string, NeededBackend][] => {
    const places = attached.flatMap(({ placements }) => placements);
    const route = places.length === 0 ? undefined : read.get(routes, key);
    const needed = new Map<string, NeededBackend>();
    for (const { gateway, proxy, passthrough } of places) {
      const used = (passthrough ? route?.passthroughBackends : undefined) ?? route?.backends ?? [];
      for (const backend of used) needed.set(`${gateway}|${backend}|${key}`, { gateway, proxy, backend });
    }
    return [...needed];
  });
  const listenerUses = graph.expand('listener-backends', states, listenerBackends);
  const uses = graph.merge('backend-needs', [routeUses, listenerUses]);
  const usesByProxy = graph.count('backend-use-counts', uses, ({ proxy, backend }) => [`${proxy}|${backend}`]);
  const backendUses = graph.derive('backend-uses', usesByProxy, (_count, read, key): BackendUse => {
    const bar = key.indexOf('|');
    const proxy = key.slice(0, bar);
    const routingType = read.get(fleets, proxy)?.[0]?.settings?.routingType;
    return { proxy, backend: key.slice(bar + 1), via: routingType === 'Service' ? 'service' : 'endpoints' };
  });
  const inUse = graph.count('backends-in-use', uses, ({ backend }) => [backend]);
  const known = backends(graph, inputs, { services, policies, objectTls: ofObjects, xBackends: ofXBackends, pools, settings, traffic, inUse: graph.derive('used-backends', inUse, () => true) });
  const empty = emptyBackends(graph, known.endpointSets);
  const upstreamTls = graph.derive('proxy-upstream-tls', fleets, ([first]) => first?.upstreamTls.parameters);
  const proxyBackends = graph.derive('proxy-backends', backendUses, ({ proxy, backend: key }, read): Backend | undefined => {
    const parameters = read.get(upstreamTls, proxy);
    const backend = parameters && read.get(known.backends, key);
    return parameters === undefined || backend?.tls === undefined ? undefined : { ...backend, tls: withParameters(backend.tls, parameters) };
  });
  const trustUses = graph.merge('trust-uses', [
    graph.expand('backend-trust-uses', backendUses, ({ proxy, backend }, read, key): [string, TrustUse][] => {
      const trustBundle = read.get(known.backends, backend)?.tls?.trustBundle;
      return trustBundle === undefined ? [] : [[key, { proxy, trustBundle }]];
    }),
    graph.expand('client-trust-uses', listeners, clientTrustUses),
  ]);
  const backendCertificates = graph.expand('backend-certificate-uses', backendUses, ({ proxy, backend }, read, key): [string, CertificateUse][] => {
    const certificate = (read.get(proxyBackends, key) ?? read.get(known.backends, backend))?.tls?.parameters.certificate;
    return certificate === undefined ? [] : [[key, { proxy, certificate }]];
  });
  const reachCounts = graph.count('gateway-backend-counts', uses, ({ gateway, backend }) => [`${gateway}|${backend}`]);
  const reached = graph.derive('gateway-backends', reachCounts, (_count, _read, key): GatewayBackend => {
    const bar = key.indexOf('|');
    return { gateway: key.slice(0, bar), backend: key.slice(bar + 1) };
  });
  const attachedRoutes = graph.count('attached-routes', attachments, listenersOf);

  return {
    proxies: graph.derive('proxies', fleets, (_fleet, _read, id): Proxy => ({ id })),
    infrastructure: infrastructure(graph, inputs, { fleets, classes }),
    gateways: states,
    attachments,
    wantedPorts: ports,
    listeners,
    routeTables: graph.derive('route-tables', tables, ({ http }) => http),
    virtualHosts: virtualHosts(graph, { hosts, tables, routes: requestRoutes }),
    streamRoutes: streams.routes,
    ...known,
    pools,
    proxyBackends,
    backendUses,
    serviceAddresses: serviceAddresses(graph, { services, uses: backendUses }),
    certificates: tls.certificates,
    certificateUses: graph.merge('certificate-uses', [graph.expand('listener-certificate-uses', listeners, certificateUses), backendCertificates]),
    trustBundles: cas.bundles(graph, graph.count('trust-in-use', trustUses, ({ trustBundle }) => [trustBundle])),
    trustUses,
    statuses: statuses(graph, {
      inputs,
      settings,
      grants,
      classes,
      listenerSets: sets,
      gateways: states,
      attachedRoutes,
      attachments,
      routes,
      empty,
      xBackends: ofXBackends,
      pools,
      policies,
      traffic,
      telemetry,
      reach: reachOf({ reached, services, gateways: states }),
    }),
  };
}

/** The listeners at which a route counts as attached, each once. */
function listenersOf(attached: readonly Attachment[]): Set<string> {
  return new Set(attached.flatMap(({ counts, placements }) => (counts ? placements.map(({ listener }) => listener) : [])));
}

function certificateUses(listener: Listener): [string, CertificateUse][] {
  const used = new Set(listener.chains.flatMap((chain) => terminationOf(chain)?.certificates ?? []));
  return [...used].map((certificate) => [`${listener.key}|${certificate}`, { proxy: listener.proxy, certificate }]);
}

function clientTrustUses(listener: Listener): [string, TrustUse][] {
  const used = new Set(listener.chains.flatMap((chain) => terminationOf(chain)?.clientValidation?.trustBundle ?? []));
  return [...used].map((trustBundle) => [`${listener.key}|${trustBundle}`, { proxy: listener.proxy, trustBundle }]);
}

/** The backends that filters of a Gateway's listeners ask about requests, and that are told of these. */
function listenerBackends({ key: gateway, proxy, fault, listeners, tracing }: GatewayState): [string, NeededBackend][] {
  const serving = fault === undefined ? listeners.filter((listener) => listener.serving) : [];
  const asked = serving.flatMap(({ filters }) => filters.flatMap(({ externalAuth }) => externalAuth?.backend ?? []));
  const told = tracing !== undefined && serving.some(({ layer }) => layer === 7) ? [tracing.tracing.backend] : [];
  return [...new Set([...asked, ...told])].map((backend) => [`${gateway}|${backend}`, { gateway, proxy, backend }]);
}
