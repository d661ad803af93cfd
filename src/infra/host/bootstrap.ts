import { adsResources, connectionMonitor, http2Options, maxConnectionsDefault, runtimeLayer } from '../envoy-bootstrap.ts';

/** What one proxy's bootstrap depends on. Times are milliseconds, sizes are counts. */
export interface BootstrapOptions {
  /** The proxy, 'namespace/name': Envoy's node id and node cluster, by which the xDS server knows it. */
  readonly id: string;
  /** Unix domain socket of our xDS server. */
  readonly xdsSocket: string;
  /** Unix domain socket that Envoy creates for its admin interface (mode 0600). */
  readonly adminSocket: string;
  /** How long Envoy waits for the first clusters and listeners; 0 (the default) waits until they come. */
  readonly initialFetchTimeoutMs?: number;
  /** Connections from clients over all listeners, above which new ones are closed at once. */
  readonly maxConnections?: number;
}

/** A bootstrap as Envoy's JSON: plain data, ready for JSON.stringify. */
export type Bootstrap = { readonly [field: string]: unknown };

/**
 * The static part of a proxy's configuration: who it is, where its control plane is, and its limits.
 * Everything that serves traffic comes over delta ADS.
 *
 *     Envoy ── unix socket, HTTP/2 ──► our xDS server     (cluster "xds", the only static one)
 *     we ──── unix socket, HTTP/1 ──► Envoy's admin
 *
 * No `stats_config.stats_tags`: each regular expression there runs on each new stat name, and a thousand clusters
 * have tens of thousands of them.
 */
export function bootstrap(options: BootstrapOptions): Bootstrap {
  return {
    node: { id: options.id, cluster: options.id },
    admin: { address: { pipe: { path: options.adminSocket, mode: 0o600 } } },
    static_resources: { clusters: [xdsCluster(options.xdsSocket)] },
    dynamic_resources: adsResources('xds', seconds(options.initialFetchTimeoutMs ?? 0)),
    deferred_stat_options: { enable_deferred_creation_stats: true },
    layered_runtime: { layers: [runtimeLayer('static')] },
    overload_manager: {
      refresh_interval: '0.25s',
      resource_monitors: [connectionMonitor(options.maxConnections ?? maxConnectionsDefault)],
    },
  };
}

function xdsCluster(path: string): object {
  return {
    name: 'xds',
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: {
      cluster_name: 'xds',
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path } } } }] }],
    },
    // Longer than any translation takes.
    typed_extension_protocol_options: http2Options({ interval: '20s', timeout: '20s' }),
  };
}

function seconds(ms: number): string {
  return `${ms / 1000}s`;
}
