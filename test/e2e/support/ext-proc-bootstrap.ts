/** A listener of its own, and how it speaks to the picker. */
export interface ExtProcListener {
  readonly port: number;
  /** Of the ext_proc filter, beside where the picker is. Without it no picker is asked. */
  readonly filter?: object;
  /** HTTP filters in front of it. */
  readonly before?: readonly object[];
  /** Default 'picker'. */
  readonly cluster?: string;
}

const type = (name: string): { readonly '@type': string } => ({ '@type': `type.googleapis.com/envoy.${name}` });

/**
 * STREAMED without waiting for an answer to the headers, and of the answer nothing but its end: what a gateway of ours asks a picker of ours.
 * Fails open.
 */
export const noWait = {
  failure_mode_allow: true,
  processing_mode: { request_header_mode: 'SEND', request_body_mode: 'STREAMED', request_trailer_mode: 'SKIP', response_header_mode: 'SKIP', response_body_mode: 'NONE', response_trailer_mode: 'SEND' },
  send_body_without_waiting_for_header_response: true,
};

/** What the endpoint picker protocol asks for. */
export const fullDuplex = {
  processing_mode: {
    request_header_mode: 'SEND', request_body_mode: 'FULL_DUPLEX_STREAMED', request_trailer_mode: 'SEND',
    response_header_mode: 'SEND', response_body_mode: 'FULL_DUPLEX_STREAMED', response_trailer_mode: 'SEND',
  },
};

/** A cluster `picker`, or of another name, of one gRPC server. */
export function pickerCluster(address: object, { name = 'picker', tls = false } = {}): object {
  return {
    ...cluster(name, [address]),
    typed_extension_protocol_options: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': { ...type('extensions.upstreams.http.v3.HttpProtocolOptions'), explicit_http_config: { http2_protocol_options: {} } } },
    ...(tls && { transport_socket: { name: 'tls', typed_config: { ...type('extensions.transport_sockets.tls.v3.UpstreamTlsContext'), common_tls_context: { alpn_protocols: ['h2'] } } } }),
  };
}

function cluster(name: string, addresses: readonly object[]): object {
  const lb_endpoints = addresses.map((address) => ({ endpoint: { address } }));
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    // Envoy's defaults are meant for servers that are slow to answer.
    circuit_breakers: { thresholds: [{ max_connections: 100_000, max_pending_requests: 100_000, max_requests: 100_000, max_retries: 1_000 }] },
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints }] },
  };
}

export const loopback = (port: number): object => ({ socket_address: { address: '127.0.0.1', port_value: port } });

/** A bootstrap: listeners in front of a pool of servers on loopback, which a picker chooses among, or Envoy in turn where it does not. */
export function extProcBootstrap(admin: string, listeners: readonly ExtProcListener[], pickers: readonly object[], servers: readonly number[]): object {
  const key = 'x-gateway-destination-endpoint';
  const roundRobin = { policies: [{ typed_extension_config: { name: 'round_robin', typed_config: type('extensions.load_balancing_policies.round_robin.v3.RoundRobin') } }] };
  const overrideHost = {
    ...type('extensions.load_balancing_policies.override_host.v3.OverrideHost'),
    override_host_sources: [{ metadata: { key: 'envoy.lb', path: [{ key }] } }, { header: key }],
    fallback_policy: roundRobin,
  };
  return {
    admin: { address: { pipe: { path: admin } } },
    static_resources: {
      listeners: listeners.map(listener),
      clusters: [
        ...pickers,
        { ...cluster('servers', servers.map(loopback)), load_balancing_policy: { policies: [{ typed_extension_config: { name: 'override_host', typed_config: overrideHost } }] } },
      ],
    },
  };
}

function listener({ port, filter, before = [], cluster = 'picker' }: ExtProcListener): object {
  const extProc = {
    ...type('extensions.filters.http.ext_proc.v3.ExternalProcessor'),
    grpc_service: { envoy_grpc: { cluster_name: cluster }, timeout: '0s' },
    message_timeout: '5s',
    mutation_rules: { allow_all_routing: true },
    metadata_options: { forwarding_namespaces: { untyped: ['envoy.lb', 'envoy.lb.subset_hint'] }, receiving_namespaces: { untyped: ['envoy.lb'] } },
    ...filter,
  };
  const elsewhere = { name: 'previous_hosts', typed_config: type('extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate') };
  const retry = { retry_host_predicate: [elsewhere], host_selection_retry_max_attempts: 5, retry_on: 'connect-failure', num_retries: 2, retry_back_off: { base_interval: '0.005s', max_interval: '0.02s' } };
  const manager = {
    ...type('extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: `p${port}`,
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'servers', timeout: '0s', retry_policy: retry } }] }] },
    http_filters: [
      ...before,
      ...(filter === undefined ? [] : [{ name: 'ext_proc', typed_config: extProc }]),
      { name: 'router', typed_config: { ...type('extensions.filters.http.router.v3.Router'), suppress_envoy_headers: true } },
    ],
  };
  return { name: `p${port}`, address: loopback(port), filter_chains: [{ filters: [{ name: 'hcm', typed_config: manager }] }] };
}
