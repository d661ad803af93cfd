import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../../propagation/ports.ts';
import { Program } from '../program.ts';
import { pickerCluster, pickerFilter, retries, serversCluster, startProxy, type ProxySettings } from '../proxy.ts';
import type { Servers } from '../servers.ts';
import type { Contender, Surroundings } from './contender.ts';

const namespace = 'default';
const name = 'pool';
const main = join(import.meta.dirname, '../../../src/cli/main.ts');
const type = (name: string): string => `type.googleapis.com/${name}`;

/** Our picker with a pool in files, and Envoy as our gateway sets it up for it. */
export async function startMoongate({ programs, servers, directory }: Surroundings): Promise<Contender> {
  const resources = join(directory, 'resources');
  mkdirSync(resources);
  writeFileSync(join(resources, 'pool.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects(servers) }));
  const port = await freePort();
  await using stack = new AsyncDisposableStack();
  const picker = stack.use(new Program({
    name: 'moongate-epp', command: process.execPath, directory,
    args: [main, 'epp', '-f', resources, '--listen', `127.0.0.1:${port}`, '--secure-serving=false'],
  }));
  // Envoy fails open: without this, what is measured might be Envoy alone.
  await picker.until('it listens', () => listens(port));
  const proxy = stack.use(await startProxy(programs.envoy, settings(servers, port), directory));
  const all = stack.move();
  return { targets: [proxy.address], picker, proxy: proxy.program, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** The bodies of answers pass the picker by: it hears of their beginnings and ends. Whatever becomes of it, requests go on. */
export function settings(servers: Servers, port: number): ProxySettings {
  return {
    filters: [pickerFilter({
      grpc: { initial_metadata: [{ key: 'x-moongate-inference-pool', value: `${namespace}/${name}` }] },
      failure_mode_allow: true,
      message_timeout: '5s',
      send_body_without_waiting_for_header_response: true,
      processing_mode: {
        request_header_mode: 'SEND', request_body_mode: 'STREAMED', request_trailer_mode: 'SKIP',
        response_header_mode: 'SEND', response_body_mode: 'NONE', response_trailer_mode: 'SEND',
      },
    })],
    clusters: [pickerCluster(port), serversCluster(servers, { load_balancing_policy: { policies: [{ typed_extension_config: override }] } })],
    route: retries,
    runtime: { 'envoy.reloadable_features.ext_proc_graceful_grpc_close': true },
  };
}

/** The picked server, and any other when there is no pick. */
const override = {
  name: 'envoy.load_balancing_policies.override_host',
  typed_config: {
    '@type': type('envoy.extensions.load_balancing_policies.override_host.v3.OverrideHost'),
    override_host_sources: [{ metadata: { key: 'envoy.lb', path: [{ key: 'x-gateway-destination-endpoint' }] } }, { header: 'x-gateway-destination-endpoint' }],
    fallback_policy: {
      policies: [{
        typed_extension_config: {
          name: 'envoy.load_balancing_policies.round_robin',
          typed_config: { '@type': type('envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin') },
        },
      }],
    },
  },
};

function objects({ members, port }: Servers): object[] {
  const labels = { app: name };
  return [
    {
      apiVersion: 'inference.networking.k8s.io/v1', kind: 'InferencePool', metadata: { namespace, name },
      spec: { selector: { matchLabels: labels }, targetPorts: [{ number: port }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { namespace, name, labels }, addressType: 'IPv4', ports: [{ port }],
      endpoints: members.map((member) => ({ addresses: [member.ip], conditions: { ready: true }, targetRef: { kind: 'Pod', namespace, name: member.name } })),
    },
  ];
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
  return true;
}
