import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backend, Endpoint } from '../../../src/ir/backend.ts';
import { routeTableOf, type Certificate, type Listener, type RouteTable } from '../../../src/ir/listener.ts';
import type { Route } from '../../../src/ir/route.ts';
import { equal } from '../../../src/util/equal.ts';
import { clusterName, encodeCluster } from '../../../src/xds/resources/cluster.ts';
import { encodeEndpoints } from '../../../src/xds/resources/endpoints.ts';
import { encodeListener } from '../../../src/xds/resources/listener.ts';
import { encodeRouteConfiguration } from '../../../src/xds/resources/route-configuration.ts';
import { encodeCertificate } from '../../../src/xds/resources/secret.ts';
import { encodeScopedRoute, routeConfigurationName, shardOf } from '../../../src/xds/resources/shards.ts';
import type { ShardCount } from '../../../src/xds/resources/shards.ts';
import { encodeVirtualHost } from '../../../src/xds/resources/virtual-host.ts';
import type { EncodedVirtualHost } from '../../../src/xds/resources/virtual-host.ts';
import { backend as backendOf, direct, loopback, route, virtualHost } from '../../support/ir-values.ts';
import { get, startEnvoy, until } from '../envoy.ts';
import type { Envoy } from '../envoy.ts';
import { startStaticAds } from './static-ads.ts';
import type { StaticAds } from './static-ads.ts';

const cluster = 'envoy.config.cluster.v3.Cluster';
const endpoint = 'envoy.config.endpoint.v3.ClusterLoadAssignment';
const listenerType = 'envoy.config.listener.v3.Listener';
const secret = 'envoy.extensions.transport_sockets.tls.v3.Secret';
const routes = 'envoy.config.route.v3.RouteConfiguration';
const scopes = 'envoy.config.route.v3.ScopedRouteConfiguration';

/** A real Envoy that is fed with what the encoders make of ir values. */
export interface TestGateway {
  readonly ads: StaticAds;
  readonly envoy: Envoy;
  /** Puts a backend on Envoy; servers on loopback unless given as endpoints. */
  backend(backend: Pick<Backend, 'key'> & Partial<Backend>, servers: readonly (number | Endpoint)[]): Promise<void>;
  certificate(certificate: Certificate): Promise<void>;
  /** Opens a listener on a free port and returns the port. Its tables must be there or come later. */
  listen(listener: Listener, shards?: ReadonlyMap<string, ShardCount>): Promise<number>;
  /** Says which hosts a table has. Rejects with Envoy's words when it refuses them. */
  table(table: RouteTable, shards?: ShardCount): Promise<void>;
  /** Puts virtual hosts into a table, and waits until Envoy's workers have them. */
  hosts(table: string, routesByDomain: Readonly<Record<string, readonly Route[]>>): Promise<void>;
  close(): Promise<void>;
}

interface Table {
  readonly table: RouteTable;
  readonly shards: ShardCount;
  readonly hosts: Map<string, EncodedVirtualHost>;
  /** Route configurations as Envoy has them. */
  readonly sent: Map<string, Uint8Array>;
  generation: number;
}

/** Answers with the generation of its table: shows that the workers have what Envoy's main thread has taken. */
const probeDomain = 'probe.test';

export async function startTestGateway(): Promise<TestGateway> {
  const directory = await mkdtemp(join(tmpdir(), 'moongate-e2e-'));
  const ads = await startStaticAds(join(directory, 'xds.sock'));
  const envoy = startEnvoy(directory, join(directory, 'xds.sock'), 'e2e/gw');
  const tables = new Map<string, Table>();
  const probes = new Map<string, number>();

  async function publish(entry: Table): Promise<void> {
    const { table, shards, hosts } = entry;
    entry.generation++;
    const probe = direct(200, `generation ${entry.generation}`);
    const probed = [...hosts.values(), encodeVirtualHost(virtualHost(table.key, probeDomain, [route('probe', probe)]), table)];
    for (let shard = 0; shard < shards; shard++) {
      const name = routeConfigurationName(table.key, shard, shards);
      const inShard = probed.filter(({ domain }) => shards === 1 || (shardOf(domain, shards) ?? shard) === shard);
      const bytes = encodeRouteConfiguration(name, inShard, { misdirected: table.misdirected });
      if (equal(bytes, entry.sent.get(name))) continue;
      await ads.set(routes, name, bytes);
      entry.sent.set(name, bytes);
    }
    const port = probes.get(table.key);
    if (port === undefined) return;
    const wanted = `generation ${entry.generation}`;
    await until(`${table.key} is at ${wanted}`, async () => (await get({ port, host: probeDomain })).body === wanted);
  }

  return {
    ads,
    envoy,
    async backend(backend, servers) {
      const endpoints = servers.map((server): Endpoint => (typeof server === 'number' ? loopback(server) : server));
      // Endpoints first: Envoy acknowledges a cluster only when it has them.
      await ads.set(endpoint, clusterName(backend.key), encodeEndpoints({ backend: backend.key, endpoints }));
      await ads.set(cluster, clusterName(backend.key), encodeCluster(backendOf(backend.key, backend)));
    },
    certificate: (certificate) => ads.set(secret, certificate.key, encodeCertificate(certificate)),
    async listen(listener, shards = new Map()) {
      const layouts = new Map([...shards].map(([key, count]) => [key, { shards: count }]));
      await ads.set(listenerType, listener.key, encodeListener(listener, { tables: layouts, accessLogPath: join(directory, 'access.log') }));
      const port = await boundPort(envoy, listener.key);
      for (const chain of listener.chains) if (chain.tls === undefined) probes.set(routeTableOf(chain) ?? '', port);
      return port;
    },
    async table(table, shards = 1) {
      const entry: Table = { table, shards, hosts: new Map(), sent: new Map(), generation: 0 };
      tables.set(table.key, entry);
      for (let shard = 0; shard < shards && shards > 1; shard++) {
        await ads.set(scopes, routeConfigurationName(table.key, shard, shards), encodeScopedRoute(table.key, shard, shards));
      }
      await publish(entry);
    },
    async hosts(table, routesByDomain) {
      const entry = tables.get(table);
      if (entry === undefined) throw new Error(`no table ${table}`);
      const domains = Object.entries(routesByDomain);
      for (const [domain, hostRoutes] of domains) entry.hosts.set(domain, encodeVirtualHost(virtualHost(table, domain, hostRoutes), entry.table));
      try {
        await publish(entry);
      } catch (error) {
        for (const [domain] of domains) entry.hosts.delete(domain);
        throw error;
      }
    },
    async close() {
      ads.close();
      await envoy.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function boundPort(envoy: Envoy, name: string): Promise<number> {
  let port: number | undefined;
  await until(`listener ${name} is bound`, async () => {
    const { listener_statuses: listeners = [] } = JSON.parse(await envoy.admin('/listeners?format=json')) as ListenersReply;
    port = listeners.find((listener) => listener.name === name)?.local_address.socket_address.port_value;
    return port !== undefined;
  });
  return port ?? 0;
}

interface ListenersReply {
  readonly listener_statuses?: readonly ListenerStatus[];
}

interface ListenerStatus {
  readonly name: string;
  readonly local_address: { readonly socket_address: { readonly port_value: number } };
}
