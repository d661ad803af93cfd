/** Parts of a bootstrap that are the same wherever Envoy runs. Values are Envoy's JSON. */

const uint32Max = 4_294_967_295;

/** Clients' connections over all listeners, above which new ones are closed at once. */
export const maxConnectionsDefault = 50_000;

/** Everything that serves traffic comes over delta ADS, from a static cluster. `initialFetchTimeout` such as '0s': wait as long as it takes. */
export function adsResources(cluster: string, initialFetchTimeout: string): object {
  // With a timeout, a slow first answer would open listeners before their clusters are known: 503s after each restart.
  const source = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: initialFetchTimeout };
  return {
    ads_config: {
      api_type: 'DELTA_GRPC',
      transport_api_version: 'V3',
      set_node_on_first_message_only: true,
      // Envoy's own limit is 30 s between attempts: too long a time to serve old routes after a restart of ours.
      grpc_services: [
        { envoy_grpc: { cluster_name: cluster, retry_policy: { retry_back_off: { base_interval: '0.1s', max_interval: '1s' } } } },
      ],
    },
    cds_config: source,
    lds_config: source,
  };
}

/** A layer of runtime settings under a name. */
export function runtimeLayer(name: string): object {
  return {
    name,
    // The size of a regular expression is judged by us before it is sent: here a refusal would take down a whole route table.
    static_layer: { 're2.max_program_size.error_level': uint32Max, 're2.max_program_size.warn_level': 1000 },
  };
}

/** The overload manager's watch over the number of clients' connections. */
export function connectionMonitor(maxConnections: number): object {
  return {
    name: 'envoy.resource_monitors.global_downstream_max_connections',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
      max_active_downstream_connections: String(maxConnections),
    },
  };
}

/** HTTP/2 to an upstream. A dead process closes its connection at once; the keep-alive notices one that hangs, or a dead host. */
export function http2Options(keepAlive: { readonly interval: string; readonly timeout: string }): object {
  return {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: { connection_keepalive: keepAlive } },
    },
  };
}
