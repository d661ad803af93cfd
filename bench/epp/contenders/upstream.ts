import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { ApiClient } from '../../../test/cluster/control-plane/api-client.ts';
import { ensureProgram } from '../../../test/cluster/tools/ensure.ts';
import { moduleFolder } from '../../../test/cluster/tools/go.ts';
import { upstreamPicker } from '../../../test/cluster/tools/inference-recipes.ts';
import { freePort } from '../../propagation/ports.ts';
import { Program } from '../program.ts';
import { noLimits, pickerCluster, pickerFilter, startProxy } from '../proxy.ts';
import type { Servers } from '../servers.ts';
import type { Contender, Surroundings } from './contender.ts';

const namespace = 'default';
const name = 'pool';
const crds = ['inference.networking.k8s.io_inferencepools', 'inference.networking.x-k8s.io_inferenceobjectives', 'inference.networking.x-k8s.io_inferencemodelrewrites'];
const pools = `/apis/inference.networking.k8s.io/v1/namespaces/${namespace}/inferencepools`;
const pods = `/api/v1/namespaces/${namespace}/pods`;

/** The chart's default plugins and weights, and the scorer for adapters, which rates all servers alike where there are none. */
const config = `apiVersion: inference.networking.x-k8s.io/v1alpha1
kind: EndpointPickerConfig
plugins:
- type: queue-scorer
- type: kv-cache-utilization-scorer
- type: prefix-cache-scorer
- type: lora-affinity-scorer
- type: metrics-data-source
- type: core-metrics-extractor
schedulingProfiles:
- name: default
  plugins:
  - pluginRef: queue-scorer
    weight: 2
  - pluginRef: kv-cache-utilization-scorer
    weight: 2
  - pluginRef: prefix-cache-scorer
    weight: 3
  - pluginRef: lora-affinity-scorer
    weight: 1
`;

/** The picker of the Inference Extension, with the flags of its chart, but without TLS; and Envoy as its standalone chart has it. */
export async function startUpstream({ programs, servers, directory, kubernetes, onProgress }: Surroundings): Promise<Contender> {
  const epp = await ensureProgram(upstreamPicker, 'epp', onProgress);
  const api = await kubernetes();
  await describePool(api.client, servers);
  const file = join(directory, 'plugins.yaml');
  writeFileSync(file, config);
  const ports = { grpc: await freePort('0.0.0.0'), health: await freePort('0.0.0.0'), metrics: await freePort('0.0.0.0') };
  await using stack = new AsyncDisposableStack();
  const picker = stack.use(new Program({
    name: 'upstream-epp', command: epp, directory, env: { KUBECONFIG: api.kubeconfig },
    args: [
      '--pool-name', name, '--pool-namespace', namespace, '--config-file', file, '--zap-encoder', 'json', '--tracing=false', '--secure-serving=false',
      '--metrics-endpoint-auth=false', '--grpc-port', String(ports.grpc), '--grpc-health-port', String(ports.health), '--metrics-port', String(ports.metrics),
    ],
  }));
  await picker.until('it knows all servers', async () => {
    const page = await (await fetch(`http://127.0.0.1:${ports.metrics}/metrics`)).text();
    return new RegExp(`^inference_pool_ready_pods{.*} ${servers.members.length}$`, 'm').test(page);
  });
  const proxy = stack.use(await startProxy(programs.envoy, {
    filters: [pickerFilter({
      grpc: { timeout: '10s' },
      message_timeout: '1000s',
      processing_mode: {
        request_header_mode: 'SEND', request_body_mode: 'FULL_DUPLEX_STREAMED', request_trailer_mode: 'SEND',
        response_header_mode: 'SEND', response_body_mode: 'FULL_DUPLEX_STREAMED', response_trailer_mode: 'SEND',
      },
    })],
    clusters: [
      pickerCluster(ports.grpc, { initial_stream_window_size: 65_536, initial_connection_window_size: 1_048_576 }),
      {
        name: 'servers', type: 'ORIGINAL_DST', connect_timeout: '1000s', lb_policy: 'CLUSTER_PROVIDED', circuit_breakers: noLimits,
        original_dst_lb_config: { use_http_header: true, http_header_name: 'x-gateway-destination-endpoint' },
      },
    ],
  }, directory));
  const all = stack.move();
  return { targets: [proxy.address], picker, proxy: proxy.program, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Says to the API server that the pool is there and its servers are Pods, in place of what it was told before. */
async function describePool(client: ApiClient, { members, port }: Servers): Promise<void> {
  const folder = await moduleFolder(`${'module' in upstreamPicker.source ? upstreamPicker.source.module : ''}@${upstreamPicker.version}`);
  for (const crd of crds) await put(client, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', parse(readFileSync(join(folder, 'config/crd/bases', `${crd}.yaml`), 'utf8')) as Named);
  const spec = { selector: { matchLabels: { app: name } }, targetPorts: [{ number: port }], endpointPickerRef: { name: 'picker', port: { number: 9002 } } };
  await put(client, pools, { apiVersion: 'inference.networking.k8s.io/v1', kind: 'InferencePool', metadata: { name }, spec });
  for (const member of members) {
    await put(client, pods, { apiVersion: 'v1', kind: 'Pod', metadata: { name: member.name, labels: { app: name } }, spec: { containers: [{ name: 'server', image: 'server' }] } });
    const status = { phase: 'Running', podIP: member.ip, podIPs: [{ ip: member.ip }], conditions: [{ type: 'Ready', status: 'True' }] };
    await client.send(`${pods}/${member.name}/status`, { method: 'PATCH', body: { status } });
  }
}

interface Named {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly [field: string]: unknown;
}

/** Applies; what was just defined may not be served yet. */
async function put(client: ApiClient, path: string, object: Named): Promise<void> {
  const end = performance.now() + 20_000;
  for (;;) {
    try {
      await client.send(`${path}/${object.metadata.name}?fieldManager=bench&force=true`, { method: 'PATCH', body: object, contentType: 'application/apply-patch+yaml' });
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
