import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { Controller } from '../../src/app/controller.ts';
import type { ControllerOptions } from '../../src/app/controller-options.ts';
import { rejectionMapName } from '../../src/app/rejection-map.ts';
import { clusterSettings, defaultControllerName } from '../../src/app/settings.ts';
import { FakeApiServer } from '../../src/kube/testing.ts';
import { contentHash } from '../../src/util/hash.ts';
import { silentLog } from '../../src/util/log.ts';
import { selfSigned } from '../e2e/support/certificate.ts';
import { until } from './until.ts';

/** The controller as a whole against a fake API server: what it reads, serves, and writes. */

const namespace = 'moongate-system';
const gatewayClass = { metadata: { name: 'moongate' }, spec: { controllerName: defaultControllerName } };

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}

function controller(context: TestContext, api: FakeApiServer, more: Partial<ControllerOptions> = {}): Controller {
  const client = api.client();
  const made = new Controller({
    client,
    settings: clusterSettings(),
    environment: {
      controllerNamespace: namespace,
      deploy: 'ControllerNamespace',
      xds: { host: `envoy-gateway.${namespace}.svc`, port: 0 },
      clusterDomain: 'cluster.local',
      envoyImage: 'envoy:test',
      helperImage: 'moongate:test',
    },
    watch: 'all',
    election: undefined,
    certificateSettleMs: 1_000,
    log: silentLog,
    ...more,
  });
  context.after(async () => {
    await made.stop();
    client.close();
  });
  return made;
}

function gateway(name: string, listener: object = {}): Parameters<FakeApiServer['put']>[1] {
  return { metadata: { name, namespace: 'default' }, spec: { gatewayClassName: 'moongate', listeners: [{ name: 'http', port: 80, protocol: 'HTTP', ...listener }] } };
}

function route(name: string, parent: string): Parameters<FakeApiServer['put']>[1] {
  return {
    metadata: { name, namespace: 'default' },
    spec: { parentRefs: [{ name: parent }], rules: [{ backendRefs: [{ name: 'app', port: 80 }] }] },
  };
}

function conditions(api: FakeApiServer, kind: string, key: string): Readonly<Record<string, string>> {
  const status = api.get(kind, key)['status'] as { readonly conditions?: readonly Condition[]; readonly parents?: readonly { readonly conditions: readonly Condition[] }[] } | undefined;
  const all = status?.conditions ?? status?.parents?.[0]?.conditions ?? [];
  return Object.fromEntries(all.map(({ type, status: value, reason }) => [type, `${value}/${reason}`]));
}

function names(api: FakeApiServer, kind: string): string[] {
  return api.list(kind).map(({ metadata }) => metadata.name).sort();
}

describe('a controller', () => {
  test('makes a fleet for a Gateway, and says so once it runs and has an address', async (context) => {
    const api = await FakeApiServer.start(context);
    api.put('GatewayClass', gatewayClass);
    api.put('Gateway', gateway('web'));
    await controller(context, api).start();
    await until('a Deployment', () => api.list('Deployment').length === 1);
    await until('a Service', () => api.list('Service').length === 1);
    const [deployment] = api.list('Deployment');
    const [service] = api.list('Service');
    assert.match(service?.metadata.name ?? '', /^envoy-default-web-[0-9a-f]{8}$/);
    await until('the certificate of the proxy', () => names(api, 'Secret').includes(`${service?.metadata.name}-xds`));
    await until('a status', () => conditions(api, 'Gateway', 'default/web')['Accepted'] === 'True/Accepted');
    assert.match(conditions(api, 'Gateway', 'default/web')['Programmed'] ?? '', /^False/);
    api.putStatus('Deployment', `${namespace}/${deployment?.metadata.name}`, { observedGeneration: 1, replicas: 1, availableReplicas: 1, readyReplicas: 1 });
    api.putStatus('Service', `${namespace}/${service?.metadata.name}`, { loadBalancer: { ingress: [{ ip: '192.0.2.7' }] } });
    await until('Programmed', () => conditions(api, 'Gateway', 'default/web')['Programmed'] === 'True/Programmed');
    assert.deepEqual((api.get('Gateway', 'default/web')['status'] as { addresses: unknown }).addresses, [{ type: 'IPAddress', value: '192.0.2.7' }]);
    const { conditions: ofClass, supportedFeatures } = api.get('GatewayClass', 'moongate')['status'] as { conditions: readonly Condition[]; supportedFeatures: readonly { name: string }[] };
    assert.equal(ofClass[0]?.status, 'True');
    assert.ok(supportedFeatures.some(({ name }) => name === 'HTTPRoute'));
  });

  test('writes nothing that comes from not having read everything', async (context) => {
    const api = await FakeApiServer.start(context);
    const { chain, privateKey } = selfSigned('www.example.com');
    api.put('GatewayClass', gatewayClass);
    api.put('Gateway', gateway('web', { port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'cert' }] } }));
    api.put('Service', { metadata: { name: 'app', namespace: 'default' }, spec: { ports: [{ port: 80 }] } });
    api.put('HTTPRoute', route('app', 'web'));
    api.put('Secret', {
      metadata: { name: 'cert', namespace: 'default' },
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': Buffer.from(chain).toString('base64'), 'tls.key': Buffer.from(privateKey).toString('base64') },
    });
    const held = Promise.withResolvers<void>();
    api.gate = ({ path }) => (path.endsWith('/services') && !path.includes(namespace) ? held.promise : undefined);
    const made = controller(context, api);
    const started = made.start();
    await until('the Secret of the certificate', () => made.plane.resources.Secret.size === 1);
    assert.match(made.notReady().join(), /Service objects are being read/);
    const writes = () => api.requests.filter(({ method, path }) => method !== 'GET' && !path.includes(`/namespaces/${namespace}/`));
    assert.deepEqual(writes(), []);
    held.resolve();
    await started;
    await until('the status of the route', () => conditions(api, 'HTTPRoute', 'default/app')['ResolvedRefs'] !== undefined);
    assert.equal(conditions(api, 'HTTPRoute', 'default/app')['ResolvedRefs'], 'True/ResolvedRefs');
    await until('the status of the Gateway', () => conditions(api, 'Gateway', 'default/web')['ResolvedRefs'] !== undefined);
    const bodies = writes().map(({ body }) => JSON.stringify(body));
    assert.deepEqual(bodies.filter((body) => body.includes('InvalidCertificateRef') || body.includes('BackendNotFound')), []);
  });

  test('looks for Secrets only where a Gateway names one', async (context) => {
    const api = await FakeApiServer.start(context);
    api.put('GatewayClass', gatewayClass);
    api.put('Gateway', gateway('web', { port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'cert', namespace: 'certificates' }] } }));
    await controller(context, api).start();
    const asked = new Set(api.requests.filter(({ path }) => path.endsWith('/secrets')).map(({ path }) => path));
    assert.deepEqual([...asked].sort(), ['/api/v1/namespaces/certificates/secrets', `/api/v1/namespaces/${namespace}/secrets`]);
  });

  test('looks for the Secrets of ListenerSets, too', async (context) => {
    const api = await FakeApiServer.start(context);
    api.put('GatewayClass', gatewayClass);
    api.put('Gateway', gateway('web'));
    api.put('ListenerSet', {
      metadata: { name: 'more', namespace: 'default' },
      spec: { parentRef: { name: 'web' }, listeners: [{ name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'cert', namespace: 'certificates' }] } }] },
    });
    await controller(context, api).start();
    assert.ok(api.requests.some(({ path }) => path === '/api/v1/namespaces/certificates/secrets'));
  });

  test('serves an XListenerSet, and hands its place to the ListenerSet of the same name and back', async (context) => {
    const api = await FakeApiServer.start(context);
    api.uninstall('XListenerSet');
    api.put('GatewayClass', gatewayClass);
    const { spec, ...rest } = gateway('web');
    api.put('Gateway', { ...rest, spec: { ...(spec as object), allowedListeners: { namespaces: { from: 'Same' } } } });
    const set = { metadata: { name: 'more', namespace: 'default' }, spec: { parentRef: { name: 'web' }, listeners: [{ name: 'more', port: 8080, protocol: 'HTTP' }] } };
    api.put('HTTPRoute', { metadata: { name: 'app', namespace: 'default' }, spec: { parentRefs: [{ group: 'gateway.networking.x-k8s.io', kind: 'XListenerSet', name: 'more' }], rules: [{ backendRefs: [{ name: 'app', port: 80 }] }] } });
    await controller(context, api).start();
    api.install('XListenerSet');
    api.put('XListenerSet', set);
    const accepted = (kind: string, as: string) => until(`${kind}: ${as}`, () => api.list(kind).length === 1 && conditions(api, kind, 'default/more')['Accepted'] === as);
    const listeners = (kind: string): readonly { readonly port?: number; readonly attachedRoutes: number }[] => (api.get(kind, 'default/more')['status'] as { listeners: [] }).listeners;
    const described = (kind: string, as: string) => until(`listeners of the ${kind}: ${as}`, () => listeners(kind).map(({ port, attachedRoutes }) => `${port} ${attachedRoutes}`).join() === as);

    await accepted('XListenerSet', 'True/Accepted');
    await described('XListenerSet', '8080 1');
    await until('the route is accepted', () => conditions(api, 'HTTPRoute', 'default/app')['Accepted'] === 'True/Accepted');

    api.put('ListenerSet', set);
    await accepted('ListenerSet', 'True/Accepted');
    await accepted('XListenerSet', 'False/Invalid');
    await described('ListenerSet', 'undefined 1');
    await described('XListenerSet', '');
    assert.equal(conditions(api, 'HTTPRoute', 'default/app')['Accepted'], 'True/Accepted');

    api.delete('ListenerSet', 'default/more');
    await accepted('XListenerSet', 'True/Accepted');
    await described('XListenerSet', '8080 1');
  });

  test('looks for ConfigMaps only where something names one', async (context) => {
    const api = await FakeApiServer.start(context);
    api.put('GatewayClass', gatewayClass);
    const caCertificateRefs = [{ group: '', kind: 'ConfigMap', name: 'clients', namespace: 'authorities' }];
    const { spec, ...rest } = gateway('web');
    api.put('Gateway', { ...rest, spec: { ...(spec as object), tls: { frontend: { default: { validation: { caCertificateRefs } } } } } });
    api.put('ConfigMap', { metadata: { name: 'clients', namespace: 'authorities' }, data: {} });
    api.put('ConfigMap', { metadata: { name: 'other', namespace: 'default' }, data: {} });
    const made = controller(context, api);
    await made.start();
    assert.deepEqual([...made.plane.resources.ConfigMap.entries()].map(([key]) => key), ['authorities/clients']);
  });

  test('leaves writing to the replica that leads, and serves the same', async (context) => {
    const api = await FakeApiServer.start(context);
    api.put('GatewayClass', gatewayClass);
    api.put('Gateway', gateway('web'));
    api.put('Service', { metadata: { name: 'app', namespace: 'default' }, spec: { ports: [{ port: 80 }] } });
    api.put('HTTPRoute', route('app', 'web'));
    const election = (identity: string): Partial<ControllerOptions> => ({ election: { identity, leaseDurationMs: 900, renewDeadlineMs: 600, retryPeriodMs: 100 } });
    const first = controller(context, api, election('first'));
    await first.start();
    await until('a leader', () => first.isLeader);
    const second = controller(context, api, election('second'));
    await second.start();
    assert.equal(second.isLeader, false);
    const versions = ({ store }: Controller) => (['LDS', 'RDS', 'CDS', 'EDS'] as const).flatMap((type) => [...store.names('default/web', type)].map((name) => `${type} ${name} ${store.get('default/web', type, name)?.version}`));
    assert.ok(versions(first).length >= 4);
    assert.deepEqual(versions(second), versions(first));
    await first.stop();
    await until('another leader', () => second.isLeader);
  });

  test('knows what Envoys refused at another replica', async (context) => {
    const api = await FakeApiServer.start(context);
    api.put('GatewayClass', gatewayClass);
    api.put('Gateway', gateway('web'));
    api.put('Service', { metadata: { name: 'app', namespace: 'default' }, spec: { ports: [{ port: 80 }] } });
    api.put('HTTPRoute', route('app', 'web'));
    const made = controller(context, api);
    await made.start();
    await until('a good status', () => conditions(api, 'HTTPRoute', 'default/app')['Accepted'] === 'True/Accepted');
    const owner = 'HTTPRoute/default/app';
    const entry = { owner, version: made.plane.resources.HTTPRoute.get('default/app')?.version, message: 'it does not like it' };
    api.put('ConfigMap', { metadata: { name: rejectionMapName, namespace }, data: { [contentHash(owner)]: JSON.stringify(entry) } });
    await until('what Envoy said', () => conditions(api, 'HTTPRoute', 'default/app')['Accepted'] === 'False/UnsupportedValue');
    const message = JSON.stringify(api.get('HTTPRoute', 'default/app')['status']);
    assert.match(message, /it does not like it/);
  });

  test('takes away what nobody wants any more', async (context) => {
    const api = await FakeApiServer.start(context);
    api.put('GatewayClass', gatewayClass);
    api.put('Gateway', gateway('web'));
    await controller(context, api).start();
    await until('a Deployment', () => api.list('Deployment').length === 1);
    api.delete('Gateway', 'default/web');
    await until('nothing', () => ['Deployment', 'Service', 'ServiceAccount'].every((kind) => api.list(kind).length === 0));
    await until('no certificate', () => names(api, 'Secret').every((name) => name === 'moongate-ca'));
  });

  test('makes a fleet anew for a Gateway that was deleted and created again', async (context) => {
    const api = await FakeApiServer.start(context);
    api.put('GatewayClass', gatewayClass);
    await controller(context, api).start();
    for (let round = 0; round < 5; round++) {
      api.put('Gateway', gateway('web'));
      await until('a fleet', () => ['Deployment', 'Service', 'ServiceAccount', 'ConfigMap'].every((kind) => api.list(kind).length === 1));
      api.delete('Gateway', 'default/web');
      if (round % 2 === 0) await until('nothing', () => ['Deployment', 'Service', 'ServiceAccount', 'ConfigMap'].every((kind) => api.list(kind).length === 0));
    }
  });

  test('takes nothing down because it may not read Gateways', async (context) => {
    const api = await FakeApiServer.start(context);
    api.put('GatewayClass', gatewayClass);
    api.put('Gateway', gateway('web'));
    const before = controller(context, api);
    await before.start();
    await until('a Deployment', () => api.list('Deployment').length === 1);
    await before.stop();
    api.deny('Gateway');
    const after = controller(context, api);
    const started = after.start();
    await until('a reason', () => after.notReady().some((reason) => reason.startsWith('Gateway objects may not be read')));
    assert.equal(api.list('Deployment').length, 1);
    api.allow('Gateway');
    await started;
    assert.deepEqual(after.notReady(), []);
    assert.equal(api.list('Deployment').length, 1);
  });

  test('says of a Secret that it may not read it', async (context) => {
    const api = await FakeApiServer.start(context);
    api.deny('Secret', 'certificates');
    api.put('GatewayClass', gatewayClass);
    api.put('Gateway', gateway('web', { port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'cert', namespace: 'certificates' }] } }));
    api.put('ReferenceGrant', {
      metadata: { name: 'all', namespace: 'certificates' },
      spec: { from: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'default' }], to: [{ group: '', kind: 'Secret' }] },
    });
    await controller(context, api).start();
    await until('a status', () => JSON.stringify(api.get('Gateway', 'default/web')['status'] ?? '').includes('Secret certificates/cert cannot be read: '));
  });
});
