import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { KubeMetadata } from '../../kube/object.ts';
import { FakeApiServer, type FakeObject } from '../../kube/testing.ts';
import { systemTiming, type Timing } from '../../kube/timing.ts';
import { silentLog } from '../../util/log.ts';
import { until } from '../host/testing.ts';
import { SelectorServices, type SelectorKind, type WantedSelector } from './selector-services.ts';

const label = 'moongate.dev/xbackend';
const kind: SelectorKind = { name: 'XBackend', apiVersion: 'gateway.networking.x-k8s.io/v1alpha1', kind: 'XBackend', label };
const wanted: WantedSelector = { namespace: 'shop', name: 'pods', uid: 'u1', matchLabels: { app: 'a' }, ports: [3000] };

/** Waits of a second and more last a hundredth. */
const hurried: Timing = { ...systemTiming, sleep: (ms, signal) => systemTiming.sleep(ms / 100, signal) };

async function setUp(context: TestContext): Promise<{ server: FakeApiServer; services: SelectorServices; want: (...all: WantedSelector[]) => void; errors: string[]; faults: Map<string, string | undefined> }> {
  const server = await FakeApiServer.start(context);
  const client = server.client();
  const errors: string[] = [];
  const faults = new Map<string, string | undefined>();
  const log = { ...silentLog, error: (_fields: object, message: string) => void errors.push(message) };
  const services = new SelectorServices({ client, kinds: [kind], log, timing: hurried, onFault: (key, fault) => void faults.set(key, fault) });
  context.after(async () => {
    await services.stop();
    client.close();
  });
  const present = (): Set<string> => new Set(server.list('Service').flatMap(({ metadata: { namespace, labels = {} } }) => (labels[label] === undefined ? [] : [`XBackend/${namespace}/${labels[label]}`])));
  const want = (...all: WantedSelector[]): void => services.reconcile(new Map(all.map((each) => [`XBackend/${each.namespace}/${each.name}`, each])), present());
  return { server, services, want, errors, faults };
}

type Service = FakeObject & { readonly spec: { readonly selector?: unknown; readonly clusterIP?: string; readonly ports?: readonly object[] } };

function only(server: FakeApiServer): Service {
  const [service, ...others] = server.list('Service');
  assert.ok(service !== undefined && others.length === 0);
  return service as Service;
}

test('an XBackend that selects Pods gets a headless Service, which goes with it', async (context) => {
  const { server, services, want } = await setUp(context);
  want(wanted);
  services.setWriting(true);
  await until('there is a Service', () => server.list('Service').length === 1);
  const { metadata, spec } = only(server);
  assert.match(metadata.name, /^xbackend-./);
  assert.deepEqual([metadata.namespace, metadata.labels], ['shop', { [label]: 'pods' }]);
  assert.deepEqual((metadata as object as KubeMetadata).ownerReferences, [{ apiVersion: 'gateway.networking.x-k8s.io/v1alpha1', kind: 'XBackend', name: 'pods', uid: 'u1', controller: true }]);
  assert.deepEqual(spec, { clusterIP: 'None', selector: { app: 'a' }, ports: [{ port: 3000, targetPort: 3000, protocol: 'TCP' }] });
});

test('an object with several ports gets one with all of them, by name', async (context) => {
  const { server, services, want } = await setUp(context);
  want({ ...wanted, ports: [8000, 8001] });
  services.setWriting(true);
  await until('there is a Service', () => server.list('Service').length === 1);
  const port = (number: number) => ({ name: `p${number}`, port: number, targetPort: number, protocol: 'TCP' });
  assert.deepEqual(only(server).spec.ports, [port(8000), port(8001)]);
});

test('it follows the XBackend, keeps its name, and there is only one', async (context) => {
  const { server, services, want } = await setUp(context);
  services.setWriting(true);
  want(wanted);
  await until('there is a Service', () => server.list('Service').length === 1);
  const { name } = only(server).metadata;
  want({ ...wanted, matchLabels: { tier: 'b' }, ports: [3001] });
  await until('it has changed', () => JSON.stringify(only(server).spec.selector) === '{"tier":"b"}');
  assert.deepEqual([only(server).metadata.name, only(server).spec.ports], [name, [{ port: 3001, targetPort: 3001, protocol: 'TCP' }]]);
  want({ ...wanted, uid: 'u2' });
  await until('another XBackend of the name has one of its own', () => server.list('Service').length === 1 && only(server).metadata.name !== name);
});

test('one that nobody needs any more goes, and what somebody else made stays', async (context) => {
  const { server, services, want } = await setUp(context);
  services.setWriting(true);
  want(wanted);
  await until('there is a Service', () => server.list('Service').length === 1);
  server.put('Service', { metadata: { name: 'theirs', namespace: 'shop', labels: { [label]: 'pods' } }, spec: { selector: { x: 'y' } } });
  want();
  await until('ours is gone', () => server.list('Service').length === 1);
  assert.equal(only(server).metadata.name, 'theirs');
});

test('nothing is written by a replica that may not, and trouble is told and tried again', async (context) => {
  const { server, services, want, errors, faults } = await setUp(context);
  want(wanted);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(server.requests, []);
  server.deny('Service');
  services.setWriting(true);
  await until('it is told', () => errors.length > 0);
  assert.match(faults.get('XBackend/shop/pods') ?? '', /forbidden/);
  server.allow('Service');
  await until('there is a Service', () => server.list('Service').length === 1);
  assert.match(errors.join(), /^the Service by which Kubernetes lists the Pods: .*forbidden/);
  await until('it is over', () => faults.has('XBackend/shop/pods') && faults.get('XBackend/shop/pods') === undefined);
});
