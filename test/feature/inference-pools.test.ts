import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Controller } from '../../src/app/controller.ts';
import { clusterSettings, defaultControllerName } from '../../src/app/settings.ts';
import type { KubeMetadata } from '../../src/kube/object.ts';
import { FakeApiServer } from '../../src/kube/testing.ts';
import { silentLog } from '../../src/util/log.ts';
import { until } from './until.ts';

/** A controller against a fake API server, as far as InferencePools of former groups are concerned. */

const meta = (name: string): { readonly name: string; readonly namespace: string } => ({ name, namespace: 'default' });

async function start(context: TestContext, api: FakeApiServer): Promise<void> {
  const client = api.client();
  const controller = new Controller({
    client,
    settings: clusterSettings(),
    environment: {
      controllerNamespace: 'moongate-system',
      deploy: 'ControllerNamespace',
      xds: { host: 'envoy-gateway.moongate-system.svc', port: 0 },
      clusterDomain: 'cluster.local',
      envoyImage: 'envoy:test',
      helperImage: 'moongate:test',
    },
    watch: 'all',
    election: undefined,
    certificateSettleMs: 1_000,
    log: silentLog,
  });
  context.after(async () => {
    await controller.stop();
    client.close();
  });
  await controller.start();
}

interface Parent {
  readonly parentRef: { readonly kind: string; readonly name: string };
  readonly controllerName?: string;
  readonly conditions: readonly { readonly type: string; readonly status: string; readonly message: string }[];
}

/** `Gateway web: Accepted=True …` for each parent in the status of a pool. */
function parents(api: FakeApiServer, kind: string, field: string): string[] {
  const list = ((api.get(kind, 'default/llama')['status'] ?? {}) as Readonly<Record<string, readonly Parent[] | undefined>>)[field] ?? [];
  return list.map(({ parentRef, controllerName = 'nobody', conditions }) => `${parentRef.kind} ${parentRef.name} of ${controllerName}: ${conditions.map(({ type, status }) => `${type}=${status}`).join(' ')}`);
}

/** The Services that list Pods, by what they were made for. */
function selectors(api: FakeApiServer): string[] {
  return api.list('Service').flatMap(({ metadata, spec }) => ((metadata as KubeMetadata).ownerReferences ?? []).map(({ apiVersion, kind, name }) => `${apiVersion} ${kind} ${name}: ${JSON.stringify((spec as { selector: object }).selector)}`));
}

test('a pool with a deployment gets its Pods, and says how far they are', async (context) => {
  const api = await FakeApiServer.start(context);
  api.put('GatewayClass', { metadata: { name: 'moongate' }, spec: { controllerName: defaultControllerName } });
  api.put('Gateway', { metadata: meta('web'), spec: { gatewayClassName: 'moongate', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] } });
  const spec = { containers: [{ name: 'model-server', image: 'vllm/vllm-openai:latest', resources: { limits: { 'nvidia.com/gpu': 1 } } }] };
  api.put('DeployedInferencePool', { metadata: meta('llama'), spec: { deployment: { replicas: 3, template: { spec } } } });
  await start(context, api);
  const deployed = (): string => {
    const { conditions = [] } = (api.get('DeployedInferencePool', 'default/llama')['status'] ?? {}) as { readonly conditions?: Parent['conditions'] };
    return conditions.map(({ type, status, message }) => `${type}=${status} ${message}`).join();
  };

  await until('there is a Deployment', () => api.list('Deployment').some(({ metadata }) => metadata.name === 'llama'));
  const made = api.get('Deployment', 'default/llama')['spec'] as { readonly replicas: number; readonly template: { readonly spec: object } };
  assert.deepEqual([made.replicas, made.template.spec], [3, { containers: [{ ...spec.containers[0], imagePullPolicy: 'IfNotPresent' }] }]);
  await until('it says that Pods are missing', () => deployed() === 'Deployed=False 0 of 3 Pods are available');
  api.putStatus('Deployment', 'default/llama', { availableReplicas: 3 });
  await until('it says that they are there', () => deployed() === 'Deployed=True 3 of 3 Pods are available');

  api.put('HTTPRoute', { metadata: meta('chat'), spec: { parentRefs: [{ name: 'web' }], rules: [{ backendRefs: [{ group: 'gateway.networking.x-k8s.io', kind: 'InferencePool', name: 'llama' }] }] } });
  await until('its Pods are listed', () => selectors(api).join() === 'gateway.networking.x-k8s.io/v1alpha1 InferencePool llama: {"moongate.dev/inference-pool":"llama"}');
  await until('it has a parent', () => parents(api, 'DeployedInferencePool', 'parents').length === 1);
  assert.equal(deployed(), 'Deployed=True 3 of 3 Pods are available');
});

test('a pool of v1alpha2 has its Pods listed and its status in its own shape, and hands its place to the pool of v1 of the same name and back', async (context) => {
  const api = await FakeApiServer.start(context);
  api.put('GatewayClass', { metadata: { name: 'moongate' }, spec: { controllerName: defaultControllerName } });
  api.put('Gateway', { metadata: meta('web'), spec: { gatewayClassName: 'moongate', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] } });
  api.put('Service', { metadata: meta('epp'), spec: { clusterIP: '10.96.0.1', ports: [{ port: 9002, protocol: 'TCP' }] } });
  api.put('HTTPRoute', {
    metadata: meta('chat'),
    spec: { parentRefs: [{ name: 'web' }], rules: [{ backendRefs: [{ group: 'inference.networking.x-k8s.io', kind: 'InferencePool', name: 'llama' }] }] },
  });
  const placeholder = { parentRef: { group: 'gateway.networking.k8s.io', kind: 'Status', name: 'default' }, conditions: [{ type: 'Accepted', status: 'Unknown', reason: 'Pending', message: 'Waiting for controller', lastTransitionTime: '1970-01-01T00:00:00Z' }] };
  api.put('XInferencePool', { metadata: { ...meta('llama'), uid: 'former' }, spec: { selector: { app: 'llama' }, targetPortNumber: 8000, extensionRef: { name: 'epp' } }, status: { parent: [placeholder] } });
  await start(context, api);

  const served = 'Accepted=True ResolvedRefs=True';
  const former = [`Gateway web of nobody: ${served} moongate.dev/Author=True`];
  const formerService = 'inference.networking.x-k8s.io/v1alpha2 InferencePool llama: {"app":"llama"}';
  await until('the former pool has its parent', () => parents(api, 'XInferencePool', 'parent').join() === former.join());
  await until('its Pods are listed', () => selectors(api).join() === formerService);

  api.put('InferencePool', { metadata: meta('llama'), spec: { selector: { matchLabels: { app: 'newer' } }, targetPorts: [{ number: 8000 }], endpointPickerRef: { name: 'epp', port: { number: 9002 } } } });
  await until('the present pool has its parent', () => parents(api, 'InferencePool', 'parents').join() === `Gateway web of ${defaultControllerName}: ${served}`);
  await until('the former one has none', () => parents(api, 'XInferencePool', 'parent').length === 0);
  await until('the Pods of the present one are listed, and no others', () => selectors(api).join() === 'inference.networking.k8s.io/v1 InferencePool llama: {"app":"newer"}');

  api.delete('InferencePool', 'default/llama');
  await until('the former pool has its parent again', () => parents(api, 'XInferencePool', 'parent').join() === former.join());
  await until('its Pods are listed again', () => selectors(api).includes(formerService));
  assert.deepEqual(api.get('XInferencePool', 'default/llama')['spec'], { selector: { app: 'llama' }, targetPortNumber: 8000, extensionRef: { name: 'epp' } });
});
