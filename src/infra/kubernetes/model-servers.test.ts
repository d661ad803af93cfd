import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { FakeApiServer } from '../../kube/testing.ts';
import { systemTiming, type Timing } from '../../kube/timing.ts';
import { silentLog } from '../../util/log.ts';
import { until } from '../host/testing.ts';
import { ModelServers, type ModelServersState, type WantedModelServers } from './model-servers.ts';

const key = 'models/llama';
const owner = { apiVersion: 'gateway.networking.x-k8s.io/v1alpha1', kind: 'InferencePool' };
const spec = { containers: [{ name: 'server', image: 'vllm', resources: { limits: { 'nvidia.com/gpu': 1 } } }] };
const wanted: WantedModelServers = { namespace: 'models', name: 'llama', uid: 'u1', replicas: 3, template: { metadata: { labels: { team: 'a' } }, spec } };

/** Waits of a second and more last a hundredth. */
const hurried: Timing = { ...systemTiming, sleep: (ms, signal) => systemTiming.sleep(ms / 100, signal) };

async function setUp(context: TestContext): Promise<{ server: FakeApiServer; servers: ModelServers; states: Map<string, ModelServersState | undefined>; want: (...all: WantedModelServers[]) => void }> {
  const server = await FakeApiServer.start(context);
  const client = server.client();
  const states = new Map<string, ModelServersState | undefined>();
  const servers = new ModelServers({ client, owner, label: 'pool', log: silentLog, timing: hurried, onState: (pool, state) => void states.set(pool, state) });
  context.after(async () => {
    await servers.stop();
    client.close();
  });
  const want = (...all: WantedModelServers[]): void => servers.reconcile(new Map(all.map((each) => [`${each.namespace}/${each.name}`, each])));
  return { server, servers, states, want };
}

interface Spec {
  readonly replicas: number;
  readonly template: { readonly metadata: { readonly labels: object }; readonly spec: object };
}

const specOf = (server: FakeApiServer): Spec => server.get('Deployment', key)['spec'] as Spec;

test('a pool gets a Deployment of its own, whose Pods are known by a label', async (context) => {
  const { server, servers, states, want } = await setUp(context);
  want(wanted);
  servers.setWriting(true);
  await until('there is a Deployment', () => server.list('Deployment').length === 1);
  const { metadata } = server.get('Deployment', key);
  assert.deepEqual((metadata as { readonly ownerReferences?: unknown }).ownerReferences, [{ ...owner, name: 'llama', uid: 'u1', controller: true }]);
  assert.deepEqual(specOf(server), { replicas: 3, selector: { matchLabels: { pool: 'llama' } }, template: { metadata: { labels: { team: 'a', pool: 'llama' } }, spec: { containers: [{ ...spec.containers[0], imagePullPolicy: 'IfNotPresent' }] } } });
  await until('it says that Pods are missing', () => states.get(key)?.kind === 'deployed');
  assert.deepEqual(states.get(key), { kind: 'deployed', available: 0, wanted: 3 });
  server.putStatus('Deployment', key, { availableReplicas: 3 });
  await until('it says that they are there', () => JSON.stringify(states.get(key)) === JSON.stringify({ kind: 'deployed', available: 3, wanted: 3 }));
});

test('a pool may say when its image is pulled', async (context) => {
  const { server, servers, want } = await setUp(context);
  servers.setWriting(true);
  const always = { hostNetwork: true, containers: [{ name: 'server', imagePullPolicy: 'Always' }] };
  want({ ...wanted, template: { spec: always } });
  await until('there is a Deployment', () => server.list('Deployment').length === 1);
  assert.deepEqual(specOf(server).template.spec, always);
});

test('it follows the pool, and what somebody else changed is put right', async (context) => {
  const { server, servers, want } = await setUp(context);
  servers.setWriting(true);
  want(wanted);
  await until('there is a Deployment', () => server.list('Deployment').length === 1);
  want({ ...wanted, replicas: 5 });
  await until('it has grown', () => specOf(server).replicas === 5);
  server.store.mergePatch(server.id('Deployment'), key, { spec: { replicas: 1 } });
  await until('it has its size again', () => specOf(server).replicas === 5);
});

test('a Deployment of the name that is not the pool\'s is left alone', async (context) => {
  const { server, servers, states, want } = await setUp(context);
  const theirs = { replicas: 1, selector: { matchLabels: { app: 'x' } } };
  server.put('Deployment', { metadata: { name: 'llama', namespace: 'models' }, spec: theirs });
  servers.setWriting(true);
  want(wanted);
  await until('it is told', () => states.get(key) !== undefined);
  assert.deepEqual(states.get(key), { kind: 'failed', message: 'Deployment models/llama is there already, and not that of the pool' });
  assert.deepEqual(server.get('Deployment', key)['spec'], theirs);
  server.delete('Deployment', key);
  await until('there is one of ours as soon as the name is free', () => states.get(key)?.kind === 'deployed');
});

test('a right that is missing is told, and its being granted noticed', async (context) => {
  const { server, servers, states, want } = await setUp(context);
  server.deny('Deployment');
  servers.setWriting(true);
  want(wanted);
  await until('it is told', () => states.get(key)?.kind === 'failed');
  server.allow('Deployment');
  await until('there is one', () => states.get(key)?.kind === 'deployed');
});

test('nothing is written by a replica that does not lead, and nothing is told of a pool that is gone', async (context) => {
  const { server, servers, states, want } = await setUp(context);
  want(wanted);
  assert.equal(server.requests.length, 0);
  servers.setWriting(true);
  await until('there is one', () => states.get(key)?.kind === 'deployed');
  want();
  await until('it is not spoken of', () => states.get(key) === undefined);
  assert.equal(server.list('Deployment').length, 1, 'which Kubernetes deletes with the pool');
});
