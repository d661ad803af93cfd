import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request, type Agent } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { findEnvoy } from '../../src/infra/host/envoy-binary.ts';

export { until } from '../feature/until.ts';

const wanted = process.env['MOONGATE_ENVOY'];
/** The Envoy that tests run: MOONGATE_ENVOY, or found and if need be installed as the program does. */
const { path: envoyPath } = await findEnvoy(wanted === undefined ? {} : { path: wanted });

/** Where the xDS server is, and how it is spoken to: plaintext unless a transport socket is given. */
export interface XdsUpstream {
  readonly address: object;
  readonly transportSocket?: object;
}

/** The smallest bootstrap that fetches everything by delta ADS; the admin interface is a unix socket. */
function bootstrap(xds: XdsUpstream, admin: string, { fetchTimeout = '15s', zone = '', nodeName = '' }: EnvoyOptions): object {
  const source = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: fetchTimeout };
  return {
    node: { locality: { zone }, metadata: { node_name: nodeName } },
    admin: { address: { pipe: { path: admin } } },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
      },
      cds_config: source,
      lds_config: source,
    },
    static_resources: {
      clusters: [
        {
          name: 'xds',
          type: 'STATIC',
          connect_timeout: '1s',
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: {
            cluster_name: 'xds',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: xds.address } }] }],
          },
          ...(xds.transportSocket === undefined ? {} : { transport_socket: xds.transportSocket }),
        },
      ],
    },
  };
}

/** A running Envoy. */
export interface Envoy {
  /** GET of the admin interface. */
  readonly admin: (path: string) => Promise<string>;
  /** What it wrote. */
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

export interface EnvoyOptions {
  readonly fetchTimeout?: string;
  /** Where it is to think that it is. */
  readonly zone?: string;
  readonly nodeName?: string;
}

/** Starts Envoy as proxy `proxy`; its files go into `directory`. The xDS server is on a unix socket, or as described. */
export function startEnvoy(directory: string, xds: string | XdsUpstream, proxy: string, options: EnvoyOptions = {}): Envoy {
  const admin = join(directory, 'admin.sock');
  const config = bootstrap(typeof xds === 'string' ? { address: { pipe: { path: xds } } } : xds, admin, options);
  return runEnvoy(config, admin, ['--service-cluster', proxy, '--service-node', `${proxy}-0`]);
}

/** Starts Envoy with a bootstrap whose admin interface is the unix socket `admin`. */
export function runEnvoy(bootstrap: object, admin: string, options: readonly string[] = []): Envoy & { readonly pid: number } {
  const args = ['--config-yaml', JSON.stringify(bootstrap), ...options, '--concurrency', '1', '--disable-hot-restart', '--log-level', process.env['ENVOY_LOG'] ?? 'warning'];
  const child = spawn(envoyPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-1_000_000)));
  return {
    pid: child.pid ?? 0,
    admin: async (path) => (await get({ socketPath: admin, path })).body,
    log: () => log,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** An HTTP answer; status 0 when there was none. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Sends one GET on a connection of its own, or of the agent's. */
export function get(options: { port?: number; socketPath?: string; path?: string; host?: string; agent?: Agent }): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port, socketPath, path = '/', host = 'a.test', agent } = options;
    const target = socketPath === undefined ? { host: '127.0.0.1', port } : { socketPath };
    const outgoing = request({ ...target, path, agent: agent ?? false, headers: { host }, timeout: 10_000 }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in 10 s')));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
