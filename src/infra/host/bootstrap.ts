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

const maxConnectionsDefault = 50_000;
const uint32Max = 4_294_967_295;

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
  const initialFetchTimeout = seconds(options.initialFetchTimeoutMs ?? 0);
  return {
    node: { id: options.id, cluster: options.id },
    admin: { address: { pipe: { path: options.adminSocket, mode: 0o600 } } },
    static_resources: { clusters: [xdsCluster(options.xdsSocket)] },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        // Envoy's own limit is 30 s between attempts: too long a time to serve old routes after a restart of ours.
        grpc_services: [
          { envoy_grpc: { cluster_name: 'xds', retry_policy: { retry_back_off: { base_interval: '0.1s', max_interval: '1s' } } } },
        ],
      },
      // With a timeout, a slow first answer would open listeners before their clusters are known: 503s after each restart.
      cds_config: { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: initialFetchTimeout },
      lds_config: { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: initialFetchTimeout },
    },
    deferred_stat_options: { enable_deferred_creation_stats: true },
    layered_runtime: {
      layers: [
        {
          name: 'static',
          // The size of a regular expression is judged by us before it is sent: here a refusal would take down a whole route table.
          static_layer: { 're2.max_program_size.error_level': uint32Max, 're2.max_program_size.warn_level': 1000 },
        },
      ],
    },
    overload_manager: {
      refresh_interval: '0.25s',
      resource_monitors: [
        {
          name: 'envoy.resource_monitors.global_downstream_max_connections',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
            max_active_downstream_connections: String(options.maxConnections ?? maxConnectionsDefault),
          },
        },
      ],
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
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: {
          http2_protocol_options: {
            // A dead process closes the socket at once; this notices one that hangs. Longer than any translation takes.
            connection_keepalive: { interval: '20s', timeout: '20s' },
          },
        },
      },
    },
  };
}

function seconds(ms: number): string {
  return `${ms / 1000}s`;
}
