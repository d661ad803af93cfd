import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../propagation/ports.ts';
import { Program } from './program.ts';
import type { Servers } from './servers.ts';

const type = (name: string): string => `type.googleapis.com/${name}`;
const router = { name: 'envoy.filters.http.router', typed_config: { '@type': type('envoy.extensions.filters.http.router.v3.Router'), suppress_envoy_headers: true } };
/** As upstream documents it: no limit that a load here could reach. */
export const noLimits = { thresholds: [{ max_connections: 40_000, max_pending_requests: 40_000, max_requests: 40_000, max_retries: 1_024 }] };

/** What a contender puts into the Envoy that is otherwise the same for all. */
export interface ProxySettings {
  /** HTTP filters before the router. */
  readonly filters?: readonly object[];
  /** Must have one named `servers`, to which all requests go. */
  readonly clusters: readonly object[];
  /** Of the only route. */
  readonly route?: object;
  readonly runtime?: object;
}

/** A running Envoy with one worker. */
export interface Proxy extends AsyncDisposable {
  /** host:port. */
  readonly address: string;
  readonly program: Program;
}

export async function startProxy(envoy: string, { filters = [], clusters, route = {}, runtime }: ProxySettings, directory: string): Promise<Proxy> {
  const port = await freePort();
  const file = join(directory, 'envoy.json');
  writeFileSync(file, JSON.stringify({
    admin: { address: { pipe: { path: join(directory, 'admin.sock') } } },
    ...(runtime === undefined ? {} : { layered_runtime: { layers: [{ name: 'static', static_layer: runtime }] } }),
    static_resources: {
      clusters,
      listeners: [{
        name: 'requests',
        address: { socket_address: { address: '127.0.0.1', port_value: port } },
        filter_chains: [{
          filters: [{
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
              stat_prefix: 'requests',
              http_filters: [...filters, router],
              route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'servers', timeout: '86400s', idle_timeout: '86400s', ...route } }] }] },
            },
          }],
        }],
      }],
    },
  }, undefined, 2));
  const program = new Program({ name: 'envoy', command: envoy, args: ['-c', file, '--concurrency', '1', '--use-dynamic-base-id', '--log-level', 'warn'], directory });
  return { address: `127.0.0.1:${port}`, program, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

/** All model servers as one cluster. */
export function serversCluster({ members, port }: Servers, more: object = { lb_policy: 'ROUND_ROBIN' }): object {
  return {
    name: 'servers', type: 'STATIC', connect_timeout: '1s', circuit_breakers: noLimits,
    load_assignment: { cluster_name: 'servers', endpoints: [{ lb_endpoints: members.map(({ ip }) => ({ endpoint: { address: { socket_address: { address: ip, port_value: port } } } })) }] },
    ...more,
  };
}

/** A server that refuses the connection costs no request. */
export const retries = { retry_policy: { retry_on: 'connect-failure', num_retries: 2, retry_back_off: { base_interval: '0.005s', max_interval: '0.020s' } } };

/** A picker that is spoken to by gRPC without TLS. */
export function pickerCluster(port: number, http2: object = {}): object {
  return {
    name: 'picker', type: 'STATIC', connect_timeout: '1s', circuit_breakers: noLimits,
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'), explicit_http_config: { http2_protocol_options: http2 },
      },
    },
    load_assignment: { cluster_name: 'picker', endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } }] }] },
  };
}

/** The external processing filter with the picker behind it. */
export function pickerFilter({ grpc = {}, ...settings }: { readonly grpc?: object; readonly [name: string]: unknown }): object {
  return {
    name: 'envoy.filters.http.ext_proc',
    typed_config: { '@type': type('envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor'), grpc_service: { envoy_grpc: { cluster_name: 'picker' }, ...grpc }, ...settings },
  };
}
