import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import type { KubeObject } from '../../kube/object.ts';
import { FakeApiServer, Refusal } from '../../kube/testing.ts';
import type { Timing } from '../../kube/timing.ts';
import { systemTiming } from '../../kube/timing.ts';
import { silentLog } from '../../util/log.ts';
import { until } from '../host/testing.ts';
import { ProxyInfra } from './proxy-infra.ts';
import type { ProxyInfraState } from './proxy-infra.ts';
import { environment, inGatewayNamespaces, settings, wantedProxy } from './testing.ts';
import type { ProxyEnvironment, WantedProxy } from './wanted-proxy.ts';

const name = 'envoy-default-ack-gateway-7452df7d';
const key = `moongate-system/${name}`;
const service = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } as const;

interface Setup {
  readonly server: FakeApiServer;
  readonly infra: ProxyInfra;
  readonly states: Map<string, ProxyInfraState | undefined>;
  readonly errors: string[];
  /** Says which proxies are wanted. */
  readonly want: (...proxies: readonly WantedProxy[]) => void;
  readonly writes: () => string[];
  /** Resolves when nothing has been asked of the API server for a while: all that was to be done is done. */
  readonly quiet: () => Promise<void>;
}

/** Waits of a second and more last a hundredth. */
const hurried: Timing = { ...systemTiming, sleep: (ms, signal) => systemTiming.sleep(Math.min(ms, 20), signal) };

async function setUp(context: TestContext, where: ProxyEnvironment = environment, { server, timing = systemTiming }: { server?: FakeApiServer; timing?: Timing } = {}): Promise<Setup> {
  const api = server ?? (await FakeApiServer.start(context));
  const client = api.client();
  const states = new Map<string, ProxyInfraState | undefined>();
  const errors: string[] = [];
  const log = { ...silentLog, error: (_fields: object, message: string) => void errors.push(message), warn: (_fields: object, message: string) => void errors.push(message) };
  const infra = new ProxyInfra({ client, environment: where, log, timing, onState: (id, state) => void states.set(id, state) });
  context.after(async () => {
    await infra.stop();
    client.close();
  });
  infra.start();
  infra.setWriting(true);
  return {
    server: api,
    infra,
    states,
    errors,
    want: (...proxies) => infra.reconcile(new Map(proxies.map((proxy) => [proxy.id, proxy]))),
    writes: () => api.requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path.split('/').slice(-2).join('/')}`),
    quiet: async () => {
      let seen = -1;
      await until('the API server is left alone', async () => {
        const before = seen;
        seen = api.requests.length;
        await new Promise((resolve) => setImmediate(resolve));
        await new Promise((resolve) => setTimeout(resolve, 50));
        return before === api.requests.length;
      });
    },
  };
}

function exists(server: FakeApiServer, kind: string, at = key): boolean {
  return server.list(kind).some(({ metadata }) => `${metadata.namespace}/${metadata.name}` === at);
}

/** Edits an object, as a user does. */
function edit(server: FakeApiServer, kind: string, changes: { readonly spec: object }): void {
  const { kind: _, metadata, ...rest } = server.get(kind, key) as unknown as KubeObject;
  server.put(kind, { ...rest, ...changes, metadata: { ...metadata } });
}

function specOf(server: FakeApiServer, kind: string, at = key): Record<string, unknown> {
  return (server.get(kind, at) as unknown as KubeObject).spec as Record<string, unknown>;
}

test('the objects of a proxy are made, and go when it is wanted no more', async (context) => {
  const { server, want, states } = await setUp(context);
  want(wantedProxy());
  await server.until(() => ['ServiceAccount', 'ConfigMap', 'Deployment', 'Service'].every((kind) => exists(server, kind)), 'four objects');
  want();
  await server.until(() => ['ServiceAccount', 'ConfigMap', 'Deployment', 'Service'].every((kind) => !exists(server, kind)), 'no object');
  assert.equal(states.get('default/ack-gateway'), undefined);
});

test('nothing is written when nothing differs, also by a controller that starts anew', async (context) => {
  const first = await setUp(context);
  first.want(wantedProxy());
  await first.server.until(() => exists(first.server, 'Service'), 'the Service');
  await first.quiet();
  assert.equal(first.writes().length, 4);
  first.want(wantedProxy());
  await first.quiet();
  await first.infra.stop();
  const second = await setUp(context, environment, { server: first.server });
  second.want(wantedProxy());
  await until('the state is known', () => second.states.has('default/ack-gateway'));
  await second.quiet();
  assert.equal(first.writes().length, 4);
});

test('an object that is edited or deleted is mended', async (context) => {
  const { server, want, quiet } = await setUp(context);
  want(wantedProxy());
  await server.until(() => exists(server, 'Service'), 'the Service');
  await quiet();
  server.delete('Deployment', key);
  await server.until(() => exists(server, 'Deployment'), 'the Deployment again');
  edit(server, 'Service', { spec: { ...specOf(server, 'Service'), type: 'NodePort' } });
  await server.until(() => specOf(server, 'Service')['type'] === 'LoadBalancer', 'the type again');
  const { labels: _labels, ...metadata } = server.get('ConfigMap', key).metadata;
  server.put('ConfigMap', { ...server.get('ConfigMap', key), metadata });
  await server.until(() => server.get('ConfigMap', key).metadata.labels !== undefined, 'the labels again');
});

test('what others add is left alone', async (context) => {
  const { server, want, quiet, writes } = await setUp(context);
  want(wantedProxy());
  await server.until(() => exists(server, 'Service'), 'the Service');
  await quiet();
  const before = writes().length;
  const stored = server.get('Service', key);
  server.put('Service', { ...stored, metadata: { ...stored.metadata, annotations: { ...stored.metadata.annotations, cloud: 'x' } }, spec: { ...specOf(server, 'Service'), clusterIP: '10.0.0.1' } });
  await quiet();
  assert.equal(writes().length, before);
});

test('a field that is wanted no more is taken away', async (context) => {
  const { server, want } = await setUp(context);
  want(wantedProxy({ settings: settings({}, { envoyService: { ...service, loadBalancerClass: 'a' } }) }));
  await server.until(() => exists(server, 'Service') && specOf(server, 'Service')['loadBalancerClass'] === 'a', 'the class');
  want(wantedProxy({ settings: settings({}, { envoyService: service }) }));
  await server.until(() => specOf(server, 'Service')['loadBalancerClass'] === undefined, 'no class');
});

test('a replica that may not write only watches; once it may, it does what is due', async (context) => {
  const { server, infra, want, writes, quiet, states } = await setUp(context);
  infra.setWriting(false);
  want(wantedProxy());
  await until('the state is told', () => states.get('default/ack-gateway') !== undefined);
  await quiet();
  assert.deepEqual(writes(), []);
  infra.setWriting(true);
  await server.until(() => exists(server, 'Service'), 'the Service');
});

test('leftovers of an earlier controller are removed, objects of others are not', async (context) => {
  const earlier = await setUp(context);
  earlier.want(wantedProxy());
  await earlier.server.until(() => exists(earlier.server, 'Service'), 'the Service');
  await earlier.infra.stop();
  const { server } = earlier;
  const foreign = server.get('Service', key);
  server.put('Service', { ...foreign, metadata: { ...foreign.metadata, name: 'foreign', labels: { ...foreign.metadata.labels, 'moongate.dev/instance': 'other' } } });
  const later = await setUp(context, environment, { server });
  later.want();
  await server.until(() => !exists(server, 'Deployment') && !exists(server, 'Service'), 'no leftovers');
  assert.ok(exists(server, 'Service', 'moongate-system/foreign'));
});

test('an object that happens to have our name is left alone, and named in the state', async (context) => {
  const { server, want, states, errors } = await setUp(context, inGatewayNamespaces);
  server.put('Service', { metadata: { name: 'ack-gateway', namespace: 'default' }, spec: { type: 'ClusterIP' } });
  want(wantedProxy());
  await until('it is told', () => /Service default\/ack-gateway: there is such an object, and it is not ours/.test(states.get('default/ack-gateway')?.message ?? ''));
  assert.ok(exists(server, 'Deployment', 'default/ack-gateway'), 'the rest is made');
  assert.deepEqual(specOf(server, 'Service', 'default/ack-gateway'), { type: 'ClusterIP' });
  assert.equal(errors.length, 1);
});

test('a fleet of Envoy Gateway\'s is taken over', async (context) => {
  const { server, want } = await setUp(context);
  const labels = {
    'app.kubernetes.io/name': 'envoy',
    'app.kubernetes.io/component': 'proxy',
    'app.kubernetes.io/managed-by': 'envoy-gateway',
    'gateway.envoyproxy.io/owning-gateway-namespace': 'default',
    'gateway.envoyproxy.io/owning-gateway-name': 'ack-gateway',
  };
  const fields = { metadata: { name, namespace: 'moongate-system', labels }, spec: { type: 'LoadBalancer', clusterIP: '10.0.0.7' } };
  server.store.create(server.id('Service'), fields, 'moongate-system', { manager: 'envoy-gateway' });
  want(wantedProxy());
  await server.until(() => server.get('Service', key).metadata.labels?.['moongate.dev/instance'] === 'moongate-system', 'our label');
  assert.equal(specOf(server, 'Service')['clusterIP'], '10.0.0.7');
  const [adoption] = server.requests.filter(({ method, path }) => method === 'PATCH' && path.includes('/services/'));
  const { metadata } = adoption?.body as { metadata?: { managedFields?: unknown } } ?? {};
  assert.deepEqual(metadata?.managedFields, [{ manager: 'moongate', operation: 'Apply', fieldsV1: {} }], 'what was its is ours to take away');
});

test('a ServiceAccount that a user names and made is used, not changed', async (context) => {
  const { server, want, states } = await setUp(context);
  server.put('ServiceAccount', { metadata: { name: 'cloud', namespace: 'moongate-system', annotations: { role: 'x' } } });
  want(wantedProxy({ settings: settings({}, { envoyServiceAccount: { name: 'cloud' } }) }));
  await server.until(() => exists(server, 'Service'), 'the Service');
  assert.deepEqual(server.get('ServiceAccount', 'moongate-system/cloud').metadata.annotations, { role: 'x' });
  assert.doesNotMatch(states.get('default/ack-gateway')?.message ?? '', /ServiceAccount/);
});

test('from a Deployment to a DaemonSet: the old Pods serve until a new one does', async (context) => {
  const { server, want, quiet } = await setUp(context);
  want(wantedProxy());
  await server.until(() => exists(server, 'Service'), 'the Service');
  server.putStatus('Deployment', key, { availableReplicas: 1 });
  want(wantedProxy({ settings: settings({}, { envoyDaemonSet: {} }) }));
  await server.until(() => exists(server, 'DaemonSet'), 'the DaemonSet');
  await quiet();
  assert.ok(exists(server, 'Deployment'));
  server.putStatus('DaemonSet', key, { numberAvailable: 1, desiredNumberScheduled: 1 });
  await server.until(() => !exists(server, 'Deployment'), 'no Deployment');
});

test('an autoscaler takes over the number of Pods as it is, and is not fought over it', async (context) => {
  const { server, want, quiet, writes } = await setUp(context);
  want(wantedProxy({ settings: settings({}, { envoyDeployment: { replicas: 5 } }) }));
  await server.until(() => exists(server, 'Service'), 'the Service');
  assert.equal(specOf(server, 'Deployment')['replicas'], 5);
  want(wantedProxy({ settings: settings({}, { envoyDeployment: { replicas: 5 }, envoyHpa: { minReplicas: 2, maxReplicas: 9 } }) }));
  await server.until(() => exists(server, 'HorizontalPodAutoscaler'), 'the autoscaler');
  await quiet();
  assert.equal(specOf(server, 'Deployment')['replicas'], 5);
  const before = writes().length;
  edit(server, 'Deployment', { spec: { ...specOf(server, 'Deployment'), replicas: 8 } });
  await quiet();
  assert.equal(specOf(server, 'Deployment')['replicas'], 8);
  assert.equal(writes().length, before);
  want(wantedProxy({ settings: settings({}, { envoyDeployment: {} }) }));
  await server.until(() => !exists(server, 'HorizontalPodAutoscaler'), 'no autoscaler');
});

test('a write that fails is tried again; the other objects do not wait for it', async (context) => {
  const { server, want, states, errors } = await setUp(context, environment, { timing: hurried });
  let isBroken = true;
  server.intercept = ({ method, path }) => (isBroken && method === 'PATCH' && path.includes('/deployments/') ? new Refusal(503, 'ServiceUnavailable', 'quota is being worked out') : undefined);
  want(wantedProxy());
  await until('it is told', () => /^Deployment moongate-system\/envoy-default-ack-gateway-7452df7d: .*quota is being worked out; 0\/0/.test(states.get('default/ack-gateway')?.message ?? ''));
  await server.until(() => exists(server, 'Service'), 'the Service');
  isBroken = false;
  await server.until(() => exists(server, 'Deployment'), 'the Deployment');
  await until('the state is well', () => states.get('default/ack-gateway')?.message === '0/1 envoy replicas available');
  assert.equal(errors.length, 1, 'the same trouble is logged once');
});

test('a field that cannot change costs the object, one that is wrong costs nothing', async (context) => {
  const { server, want, states } = await setUp(context, environment, { timing: hurried });
  want(wantedProxy());
  await server.until(() => exists(server, 'Service'), 'the Service');
  const { uid } = server.get('Service', key).metadata;
  let isWrong = true;
  server.intercept = ({ method, path, query, body }) => {
    if (!path.includes('/services/') || !JSON.stringify(body ?? null).includes('loadBalancerClass')) return undefined;
    if (query['dryRun'] === 'All') return isWrong ? new Refusal(422, 'Invalid', 'spec.loadBalancerClass: Invalid value: "x": no such class') : undefined;
    const isUpdate = (method === 'PATCH' || method === 'PUT') && exists(server, 'Service');
    return isUpdate ? new Refusal(422, 'Invalid', 'spec.loadBalancerClass: Invalid value: "x": may not change once set') : undefined;
  };
  want(wantedProxy({ settings: settings({}, { envoyService: { ...service, loadBalancerClass: 'x' } }) }));
  await until('it is told', () => /no such class/.test(states.get('default/ack-gateway')?.message ?? ''));
  assert.equal(server.get('Service', key).metadata.uid, uid);
  isWrong = false;
  await server.until(() => exists(server, 'Service') && server.get('Service', key).metadata.uid !== uid, 'another Service');
  assert.equal(specOf(server, 'Service')['loadBalancerClass'], 'x');
});

test('a Service keeps its cluster IP whatever is asked for, and gets the rest', async (context) => {
  const { server, want, states, errors, quiet, writes } = await setUp(context);
  const asking = (...requested: readonly string[]): WantedProxy => wantedProxy({ clusterAddresses: { requested, only: true } });
  want(wantedProxy());
  await server.until(() => exists(server, 'Service'), 'the Service');
  edit(server, 'Service', { spec: { ...specOf(server, 'Service'), clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'] } });
  await quiet();
  const { uid } = server.get('Service', key).metadata;
  want(asking('10.0.0.7'));
  await server.until(() => specOf(server, 'Service')['type'] === 'ClusterIP', 'the type');
  await quiet();
  assert.deepEqual([server.get('Service', key).metadata.uid, specOf(server, 'Service')['clusterIP']], [uid, '10.0.0.1']);
  assert.deepEqual(states.get('default/ack-gateway')?.unusableAddresses, [`10.0.0.7 (Service ${key} has 10.0.0.1 until it is deleted)`]);
  const before = writes().length;
  want(asking('10.0.0.7'));
  await quiet();
  assert.equal(writes().length, before, 'nothing is tried again');
  assert.deepEqual(errors, ['keeps its cluster IP although another one is wanted: it has to be deleted for that']);
  server.delete('Service', key);
  await server.until(() => exists(server, 'Service') && specOf(server, 'Service')['clusterIP'] === '10.0.0.7', 'the Service with the address');
});

test('a proxy with a fault keeps what it has', async (context) => {
  const { server, want, states, quiet, writes } = await setUp(context);
  want(wantedProxy());
  await server.until(() => exists(server, 'Service'), 'the Service');
  await quiet();
  const before = writes().length;
  want(wantedProxy({ settings: settings({ bootstrap: { type: 'Merge', value: '[]' } }) }));
  await until('it is told', () => states.get('default/ack-gateway')?.message.startsWith('EnvoyProxy: spec.bootstrap: value is no YAML mapping') === true);
  await quiet();
  assert.equal(writes().length, before);
});

test('an idle proxy keeps what it has', async (context) => {
  const { server, infra, want, quiet } = await setUp(context);
  want(wantedProxy());
  await server.until(() => exists(server, 'Service'), 'the Service');
  infra.reconcile(new Map(), new Set(['default/ack-gateway']));
  await quiet();
  assert.ok(exists(server, 'Service') && exists(server, 'Deployment'));
  want();
  await server.until(() => !exists(server, 'Service'), 'no Service');
});

test('of two proxies that claim one name the first gets it, and the other says so', async (context) => {
  const { server, want, states } = await setUp(context);
  const shared = settings({}, { envoyService: { ...service, name: 'shared' } });
  want(
    wantedProxy({ id: 'default/b', gateway: { namespace: 'default', name: 'b' }, settings: shared }),
    wantedProxy({ id: 'default/a', gateway: { namespace: 'default', name: 'a' }, settings: shared }),
  );
  await server.until(() => server.list('Deployment').length === 2, 'two Deployments');
  await server.until(() => server.list('Service').length === 1, 'one Service');
  assert.equal(server.get('Service', 'moongate-system/shared').metadata.labels?.['gateway.envoyproxy.io/owning-gateway-name'], 'a');
  await until('it is told', () => states.get('default/b')?.message.includes('Service moongate-system/shared is that of the proxy default/a already') === true);
});

test('the state follows Pods, the load balancer and the Gateway\'s own addresses', async (context) => {
  const { server, want, states } = await setUp(context);
  want(wantedProxy({ addresses: ['192.0.2.1', '192.0.2.5'] }));
  await server.until(() => exists(server, 'Service'), 'the Service');
  server.putStatus('Deployment', key, { availableReplicas: 2 });
  server.putStatus('Service', key, { loadBalancer: { ingress: [{ hostname: 'lb.example.com' }, { ip: '192.0.2.1' }] } });
  server.put('Node', { metadata: { name: 'n1' }, status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] } });
  await until('both are seen', () => states.get('default/ack-gateway')?.addresses.length === 2 && states.get('default/ack-gateway')?.available === true);
  assert.deepEqual(states.get('default/ack-gateway'), {
    available: true,
    message: '2/1 envoy replicas available',
    replicas: { available: 2, wanted: 1 },
    addresses: [{ type: 'Hostname', value: 'lb.example.com' }, { type: 'IPAddress', value: '192.0.2.1' }],
    unusableAddresses: ['192.0.2.5'],
    fault: undefined,
  });
});

test('a NodePort is reached at the nodes\' addresses', async (context) => {
  const { server, want, states } = await setUp(context);
  const node = (at: string, ...addresses: readonly [type: string, address: string][]): void =>
    void server.put('Node', { metadata: { name: at }, status: { addresses: addresses.map(([type, address]) => ({ type, address })) } });
  node('n1', ['InternalIP', '10.0.0.2'], ['ExternalIP', '203.0.113.2'], ['Hostname', 'n1']);
  node('n2', ['InternalIP', '10.0.0.1']);
  want(wantedProxy({ settings: settings({}, { envoyService: { type: 'NodePort', externalTrafficPolicy: 'Local' } }) }));
  await until('both nodes', () => states.get('default/ack-gateway')?.addresses.length === 2);
  assert.deepEqual(states.get('default/ack-gateway')?.addresses.map(({ value }) => value), ['10.0.0.1', '203.0.113.2']);
  server.delete('Node', 'n2');
  await until('one node', () => states.get('default/ack-gateway')?.addresses.length === 1);
});

test('a reason why Pods do not come is told', async (context) => {
  const { server, want, states } = await setUp(context);
  want(wantedProxy());
  await server.until(() => exists(server, 'Deployment'), 'the Deployment');
  server.putStatus('Deployment', key, { conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'pods is forbidden: exceeded quota' }] });
  await until('it is told', () => states.get('default/ack-gateway')?.message === 'pods is forbidden: exceeded quota; 0/1 envoy replicas available');
});

test('somebody who undoes every change is not answered without end', async (context) => {
  const { server, want, quiet, writes, errors } = await setUp(context);
  want(wantedProxy());
  await server.until(() => exists(server, 'Service'), 'the Service');
  await quiet();
  const before = writes().length;
  server.store.onEvent(({ after }) => {
    if (after?.kind === 'Service' && (after as unknown as KubeObject & { spec: { type: string } }).spec.type === 'LoadBalancer') {
      setImmediate(() => edit(server, 'Service', { spec: { type: 'NodePort' } }));
    }
  });
  edit(server, 'Service', { spec: { type: 'NodePort' } });
  await until('it is noticed', () => errors.includes('somebody keeps changing what is changed back each time'));
  await quiet();
  assert.ok(writes().length - before <= 6, `${writes().length - before} writes`);
});

test('a thousand proxies are made a few at a time', async (context) => {
  const { server, want, quiet, writes } = await setUp(context);
  let inFlight = 0;
  let most = 0;
  server.gate = ({ method }) => {
    if (method === 'GET') return undefined;
    most = Math.max(most, ++inFlight);
    return new Promise((resolve) => setImmediate(() => {
      inFlight--;
      resolve();
    }));
  };
  want(...Array.from({ length: 1000 }, (_, i) => wantedProxy({ id: `default/g${i}`, gateway: { namespace: 'default', name: `g${i}` } })));
  await until('all is there', () => writes().length === 4000, 60_000);
  await quiet();
  assert.equal(writes().length, 4000);
  assert.ok(most <= 8, `${most} at once`);
});
