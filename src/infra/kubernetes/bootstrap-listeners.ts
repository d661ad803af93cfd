import { readyPort, statsPort } from './ports.ts';
import type { ProxySettings } from './wanted-proxy.ts';

type IpFamily = ProxySettings['ipFamily'];
type Compression = 'Gzip' | 'Brotli' | 'Zstd';

const router = {
  name: 'envoy.filters.http.router',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
};

/**
 * Answers GET /ready: 200 once Envoy has its first configuration, for only then it opens any listener; 503 while it drains.
 */
export function readyListener(ipFamily: IpFamily): object {
  const healthCheck = {
    name: 'envoy.filters.http.health_check',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.health_check.v3.HealthCheck',
      pass_through_mode: false,
      headers: [{ name: ':path', string_match: { exact: '/ready' } }],
    },
  };
  return listener({ name: 'ready', port: readyPort, ipFamily, routes: [], filters: [healthCheck, router] });
}

/** Answers GET /stats/prometheus from Envoy's admin interface, and nothing else of it. */
export function statsListener(ipFamily: IpFamily, compression: Compression | undefined): object {
  const route = {
    match: { path: '/stats/prometheus', headers: [{ name: ':method', string_match: { exact: 'GET' } }] },
    route: { cluster: 'prometheus_stats' },
  };
  const filters = compression === undefined ? [router] : [compressor(compression), router];
  return listener({ name: 'prometheus', port: statsPort, ipFamily, routes: [route], filters });
}

interface ListenerOptions {
  readonly name: string;
  readonly port: number;
  readonly ipFamily: IpFamily;
  readonly routes: readonly object[];
  readonly filters: readonly object[];
}

function listener({ name, port, ipFamily, routes, filters }: ListenerOptions): object {
  const address = ipFamily === 'IPv6' || ipFamily === 'DualStack' ? { address: '::', ipv4_compat: true } : { address: '0.0.0.0' };
  return {
    name: `moongate-${name}`,
    address: { socket_address: { ...address, port_value: port } },
    // A proxy with too many clients, or too little memory, is still alive and has something to tell.
    bypass_overload_manager: true,
    ignore_global_conn_limit: true,
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              stat_prefix: `moongate-${name}`,
              normalize_path: true,
              route_config: { name, virtual_hosts: [{ name, domains: ['*'], routes }] },
              http_filters: filters,
            },
          },
        ],
      },
    ],
  };
}

function compressor(library: Compression): object {
  const name = library.toLowerCase();
  return {
    name: 'envoy.filters.http.compressor',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.compressor.v3.Compressor',
      compressor_library: {
        name: 'text_optimized',
        typed_config: { '@type': `type.googleapis.com/envoy.extensions.compression.${name}.compressor.v3.${library}` },
      },
    },
  };
}
