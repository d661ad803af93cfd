import { assignmentOf } from './assignment.ts';
import type { Backend } from '../ir/backend.ts';
import { routeTableOf, type RouteTable } from '../ir/listener.ts';
import type { Collection } from '../reactive/collection.ts';
import type { Graph } from '../reactive/graph.ts';
import type { Outputs } from '../translate/translate.ts';
import { byText } from '../util/compare.ts';
import { contentHash } from '../util/hash.ts';
import { encodeCluster, secretsOf } from '../xds/resources/cluster.ts';
import { encodeEndpoints } from '../xds/resources/endpoints.ts';
import { encodeListener } from '../xds/resources/listener.ts';
import { clustersOfListener } from '../xds/resources/request-filters.ts';
import { encodeRouteConfiguration } from '../xds/resources/route-configuration.ts';
import { encodeCertificate, encodeTrustBundle } from '../xds/resources/secret.ts';
import { encodeScopedRoute, routeConfigurationName, shardCount, shardOf, type ShardCount, type TableLayout } from '../xds/resources/shards.ts';
import { clustersOfStream, encodeStreamRoute } from '../xds/resources/stream-route.ts';
import { encodeVirtualHost, type EncodedVirtualHost } from '../xds/resources/virtual-host.ts';
import type { Part, XdsResource } from '../xds/server/resources.ts';
import type { XdsType } from '../xds/server/types.ts';

/** One xDS resource for one proxy. Key: `proxy|type|name`. */
export interface ProxyResource {
  readonly proxy: string;
  readonly type: XdsType;
  readonly resource: XdsResource;
}

/** Settings of the data plane that are not the user's resources. */
export interface XdsOptions {
  /** File for access logs of every proxy; undefined: none are written. */
  readonly accessLogPath?: string;
  /** File with the CA certificates of the system that the proxies run on; undefined: where Envoy's images have it. */
  readonly systemCaFile?: string;
  /** Cuts every route table into so many shards, whatever its size: for measurements. */
  readonly shards?: ShardCount;
}

/** Encodes what translation gives, each piece once, and hands it to the proxies that use it. */
export function xdsResources(graph: Graph, outputs: Outputs, options: XdsOptions): Collection<ProxyResource> {
  const clusters = graph.derive('clusters', outputs.backends, cluster);
  const ownClusters = graph.derive('own-clusters', outputs.proxyBackends, cluster);
  const assignments = graph.derive('assignments', outputs.endpointSets, assignmentOf);
  const viaService = graph.derive('service-assignments', outputs.serviceAddresses, (set) => resource(set.backend, encodeEndpoints(set)));
  const secrets = graph.derive('secrets', outputs.certificates, (certificate) =>
    resource(certificate.key, encodeCertificate(certificate)),
  );
  const trust = graph.derive('trust-secrets', outputs.trustBundles, (bundle) => resource(bundle.key, encodeTrustBundle(bundle, options.systemCaFile)));
  const trustUses = graph.group('trust-secret-uses', outputs.trustUses, ({ proxy, trustBundle }) => [`${proxy}|${trustBundle}`]);
  const secretUses = graph.group('secret-uses', outputs.certificateUses, ({ proxy, certificate }) => [`${proxy}|${certificate}`]);
  return graph.merge('xds', [
    graph.expand('proxy-clusters', outputs.backendUses, ({ proxy, backend }, read, key) => forProxy(proxy, 'CDS', read.get(ownClusters, key) ?? read.get(clusters, backend)), {
      equal: sameVersion,
    }),
    graph.expand('proxy-assignments', outputs.backendUses, ({ proxy, backend, via }, read) => {
      const own = read.get(assignments, backend);
      const service = via === 'service' && own !== undefined ? read.get(viaService, backend) : undefined;
      return forProxy(proxy, 'EDS', service ?? own);
    }),
    graph.expand('proxy-secrets', secretUses, ([use], read) =>
      use === undefined ? [] : forProxy(use.proxy, 'SDS', read.get(secrets, use.certificate)),
    ),
    graph.expand('proxy-trust', trustUses, ([use], read) =>
      use === undefined ? [] : forProxy(use.proxy, 'SDS', read.get(trust, use.trustBundle)),
    ),
    ...routing(graph, outputs, options),
  ]);
}

/**
 * Listeners, and the routes behind them.
 *
 *     virtual host ─► bytes ─┐ own shard; wildcards: all of them
 *     virtual host ─► bytes ─┴─► shard of its table ─► RouteConfiguration = bytes, one after the other
 */
function routing(graph: Graph, outputs: Outputs, options: XdsOptions): Collection<ProxyResource>[] {
  const exactHosts = graph.count('exact-hosts', outputs.virtualHosts, ({ table, domain }) => (domain.includes('*') ? [] : [table]));
  const layouts = graph.derive('layouts', outputs.routeTables, ({ key }, read): TableLayout => ({
    shards: options.shards ?? shardCount(read.get(exactHosts, key) ?? 0),
  }));
  const shards = graph.expand('shards', outputs.routeTables, (table, read): [string, Shard][] => {
    const layout = read.get(layouts, table.key) ?? whole;
    return Array.from({ length: layout.shards }, (_, index) => [`${table.key}|${index}`, { table, index, layout }]);
  });
  const hosts = graph.derive('encoded-hosts', outputs.virtualHosts, (host, read): EncodedVirtualHost | undefined => {
    const table = read.get(outputs.routeTables, host.table);
    return table && encodeVirtualHost(host, table);
  });
  const placed = graph.expand('placed-hosts', hosts, (host, read): [string, Placed][] => {
    const { shards: count } = read.get(layouts, host.table) ?? whole;
    const own = shardOf(host.domain, count);
    const indexes = own === undefined ? Array.from({ length: count }, (_, index) => index) : [own];
    return indexes.map((index) => [`${host.key}|${index}`, { index, host }]);
  });
  const members = graph.group('shard-hosts', placed, ({ index, host }) => [`${host.table}|${index}`], (a, b) => byText(a.host.domain, b.host.domain));

  const listeners = graph.expand('proxy-listeners', outputs.listeners, (listener, read) => {
    const tables = new Map(listener.chains.flatMap((chain): [string, TableLayout][] => {
      const table = routeTableOf(chain);
      return table === undefined ? [] : [[table, read.get(layouts, table) ?? whole]];
    }));
    const stream = listener.transport === 'UDP' ? listener.chains[0]?.target : undefined;
    const datagramRoute = stream?.type === 'stream' ? read.get(outputs.streamRoutes, stream.route) : undefined;
    const bytes = encodeListener(listener, { tables, datagramRoute, ...options });
    const owners = [...listener.owners, ...(datagramRoute === undefined ? [] : [datagramRoute])].map(({ owner, ownerVersion }) => ({ owner, version: ownerVersion }));
    return forProxy(listener.proxy, 'LDS', resource(listener.key, bytes, { needs: datagramRoute === undefined ? clustersOfListener(listener) : clustersOfStream(datagramRoute), parts: () => owners }));
  }, { equal: sameVersion });
  const routes = graph.expand('proxy-routes', shards, ({ table, index, layout }, read, key) => {
    const own = (read.get(members, key) ?? []).map(({ host }) => host);
    const name = routeConfigurationName(table.key, index, layout.shards);
    const bytes = encodeRouteConfiguration(name, own, table);
    return forProxy(table.proxy, 'RDS', resource(name, bytes, { needs: clustersOf(own), parts: () => partsOf(own) }));
  }, { equal: sameVersion });
  const scopes = graph.expand('proxy-scopes', shards, ({ table, index, layout }) => {
    if (layout.shards === 1) return [];
    const name = routeConfigurationName(table.key, index, layout.shards);
    return forProxy(table.proxy, 'SRDS', resource(name, encodeScopedRoute(table.key, index, layout.shards)));
  }, { equal: sameVersion });
  const streams = graph.expand('proxy-streams', outputs.streamRoutes, (route) => {
    // Those of datagrams are in the listener.
    if (route.transport === 'UDP') return [];
    const bytes = encodeStreamRoute(route, options);
    const parts = [{ owner: route.owner, version: route.ownerVersion }];
    return forProxy(route.proxy, 'ECDS', resource(route.key, bytes, { needs: clustersOfStream(route), parts: () => parts }));
  }, { equal: sameVersion });
  return [listeners, streams, routes, scopes];
}

const whole: TableLayout = { shards: 1 };

/** A host in one of the shards that it has to be in: its own, or each of them for a wildcard. */
interface Placed {
  readonly index: number;
  readonly host: EncodedVirtualHost;
}

/** One of the RouteConfigurations of a table. */
interface Shard {
  readonly table: RouteTable;
  readonly index: number;
  readonly layout: TableLayout;
}

function cluster(backend: Backend): XdsResource {
  const parts = [{ owner: backend.owner, version: backend.ownerVersion }];
  return resource(backend.key, encodeCluster(backend), { parts: () => parts, secrets: secretsOf(backend) });
}

function resource(name: string, bytes: Uint8Array, extra: Pick<XdsResource, 'needs' | 'parts' | 'secrets'> = {}): XdsResource {
  return { name, bytes, version: contentHash(bytes), ...extra };
}

function forProxy(proxy: string, type: XdsType, found: XdsResource | undefined): [string, ProxyResource][] {
  return found === undefined ? [] : [[`${proxy}|${type}|${found.name}`, { proxy, type, resource: found }]];
}

function sameVersion(a: ProxyResource, b: ProxyResource): boolean {
  return a.resource.version === b.resource.version;
}

function clustersOf(hosts: readonly EncodedVirtualHost[]): string[] {
  const clusters = new Set<string>();
  for (const host of hosts) for (const cluster of host.clusters) clusters.add(cluster);
  return [...clusters].sort(byText);
}

function* partsOf(hosts: readonly EncodedVirtualHost[]): Iterable<Part> {
  for (const host of hosts) yield* host.parts;
}
