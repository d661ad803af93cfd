import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveBackend, type BackendReference, type Resolved, type Traffic } from './resolve.ts';
import type { ServiceKind } from './backend-key.ts';
import type { ServicePorts } from './services.ts';
import type { XBackendState } from './x-backends.ts';
import type { PoolState } from '../inference/pools.ts';
import { decoded, readDirectly } from '../testing.ts';
import type { ObjectTls } from '../tls/object-tls.ts';
import type { PolicyTarget } from '../policy-attachment.ts';
import type { TlsPolicy } from '../tls/tls-policy.ts';
import { Graph } from '../../reactive/graph.ts';
import type { ResourceOf } from '../../api/kinds.ts';

const graph = new Graph();
const services = graph.source<ServicePorts>('services');
const backends = graph.source<ResourceOf<'Backend'>>('backends');
const objectTls = graph.source<ObjectTls>('object-tls');
const xBackends = graph.source<XBackendState>('xbackends');
const pools = graph.source<PoolState>('pools');

const port = (number: number, appProtocol?: string) => ({ name: `p${number}`, port: number, protocol: 'TCP' as const, appProtocol });

function service(key: string, rest: Partial<ServicePorts>, kind: ServiceKind = 'Service'): void {
  services.set(`${kind}/${key}`, { ref: `${kind}/${key}`, version: 'v', externalName: undefined, family: 'IPv4', clusterIPs: [], preference: undefined, ports: [], ...rest });
}

service('shop/app', { ports: [port(80), port(81, 'kubernetes.io/h2c'), port(443, 'https'), port(444, 'kubernetes.io/wss')] });
service('shop/secured', { ports: [port(443, 'HTTPS'), port(444, 'http')] });
service('shop/dns', { ports: [port(53), { name: 'udp', port: 53, protocol: 'UDP', appProtocol: 'https' }] });
service('bank/app', { ports: [port(80)] });
service('shop/portless', {});
service('shop/far', { ports: [port(80)] }, 'ServiceImport');
service('bank/far', { ports: [port(80)] }, 'ServiceImport');
service('shop/external', { externalName: 'app.example.org' });

function backend(name: string, spec: object): void {
  backends.set(`shop/${name}`, decoded('Backend', { metadata: { name, namespace: 'shop' }, spec }));
}

const endpoints = [{ ip: { address: '10.0.0.1', port: 80 } }];
backend('plain', { endpoints });
backend('h2c', { endpoints, appProtocols: ['gateway.envoyproxy.io/h2c'] });
backend('wss', { endpoints, appProtocols: ['gateway.envoyproxy.io/wss'] });
backend('wss-secured', { endpoints, appProtocols: ['gateway.envoyproxy.io/wss'] });
backend('tls', { endpoints, appProtocols: ['gateway.envoyproxy.io/wss'] });
backend('broken', { endpoints });
backend('trustless', { endpoints });
const noTls: ObjectTls = { tls: undefined, parameters: {}, trustFault: undefined, fault: undefined };
const invalidTls = { reason: 'InvalidBackendTLS', message: 'tls: no good' };
objectTls.set('shop/tls', noTls);
objectTls.set('shop/broken', { ...noTls, fault: invalidTls });
objectTls.set('shop/trustless', { ...noTls, trustFault: invalidTls });
objectTls.set('shop/wss-secured', { ...noTls, trustFault: invalidTls });
backend('fallback', { endpoints, fallback: true });
backend('resolver', { type: 'DynamicResolver' });

function xBackend(name: string, spec: object, state: Partial<XBackendState> = {}): void {
  const object = { metadata: { name, namespace: 'shop' }, spec: { type: 'ExternalHostname', externalHostname: { hostname: 'api.example.com' }, port: { number: 443 }, ...spec } };
  xBackends.set(`shop/${name}`, { resource: decoded('XBackend', object), tls: undefined, acceptedFault: undefined, refsFault: undefined, ...state });
}

xBackend('host', {});
xBackend('h2c', { protocol: 'H2C' });
xBackend('tcp', { protocol: 'TCP' });
xBackend('pods', { type: 'EndpointSelector', externalHostname: undefined, endpointSelector: { matchLabels: { app: 'a' } } });
xBackend('http11', { protocol: 'HTTP11' });
xBackend('secured', {}, { tls: { trustBundle: undefined, serverName: { type: 'host' }, subjects: [], parameters: {} } });
xBackend('broken', {}, { acceptedFault: { reason: 'NoValidCACertificate', message: 'spec.tls: no good' } });
backend('itself', { endpoints: [{ ip: { address: '127.0.0.1', port: 19000 } }] });
backend('short', { endpoints: [{ fqdn: { hostname: 'app', port: 80 } }] });

/** Grants open namespace bank and nothing else. */
const grants = { permits: (_read: unknown, from: { namespace: string }, to: { namespace: string }) => to.namespace === from.namespace || to.namespace === 'bank' };

const policy: TlsPolicy = {
  ...{ ref: 'BackendTLSPolicy/shop/p', key: 'shop/p', namespace: 'shop', createdAt: '', generation: 1, targetRefs: [] },
  ...{ tls: undefined, acceptedFault: undefined, refsFault: undefined },
};

const secured = new Set(['shop/secured/p443', 'shop/wss-secured/undefined']);

/** A policy is for one port of one Service, and for one Backend. */
const policies = { find: (_read: unknown, { object, section }: PolicyTarget) => (secured.has(`${object}/${section}`) ? policy : undefined) };

function resolve(ref: Partial<BackendReference>, traffic?: Traffic, anyHost = true): Resolved {
  const from = { kind: 'HTTPRoute', namespace: 'shop' };
  return resolveBackend(readDirectly, from, { group: '', kind: 'Service', name: 'app', port: 80, ...ref }, { services, backends, xBackends, pools, poolImports: graph.source<ResourceOf<'InferencePoolImport'>>('imports'), grants, policies, objectTls, anyHost, missing: () => 'does not exist' }, traffic);
}

const serviceImport = { group: 'multicluster.x-k8s.io', kind: 'ServiceImport', name: 'far' };
const xBackendRef = { group: 'gateway.networking.x-k8s.io', kind: 'XBackend' };
const envoyBackend = { group: 'gateway.envoyproxy.io', kind: 'Backend' };

const found: readonly [sentence: string, ref: Partial<BackendReference>, key: string][] = [
  ['a port of a Service', {}, 'service/shop/app/80'],
  ['a port with a protocol that we speak', { port: 81 }, 'service/shop/app/81'],
  ['a Service of another namespace that is granted', { namespace: 'bank' }, 'service/bank/app/80'],
  ['a port of a ServiceImport', serviceImport, 'serviceimport/shop/far/80'],
  ['a ServiceImport of another namespace that is granted', { ...serviceImport, namespace: 'bank' }, 'serviceimport/bank/far/80'],
  ['any port of an external name', { name: 'external', port: 4711 }, 'service/shop/external/4711'],
  ['a port that speaks TLS, as a policy says', { name: 'secured', port: 443 }, 'service/shop/secured/443'],
  ['a Backend that speaks TLS, as it says itself', { ...envoyBackend, name: 'tls' }, 'backend/shop/tls'],
  ['a Backend that speaks TLS, as a policy says', { ...envoyBackend, name: 'wss-secured' }, 'backend/shop/wss-secured'],
  ['an XBackend', { ...xBackendRef, name: 'host' }, 'xbackend/shop/host'],
  ['an XBackend that selects Pods', { ...xBackendRef, name: 'pods' }, 'xbackend/shop/pods'],
  ['a Backend', { ...envoyBackend, name: 'plain' }, 'backend/shop/plain'],
  ['a Backend with a protocol that we speak', { ...envoyBackend, name: 'h2c' }, 'backend/shop/h2c'],
];

for (const [sentence, ref, key] of found) {
  test(sentence, () => assert.deepEqual(resolve(ref), { backend: key }));
}

const passthrough: Traffic = { opaque: true, passthrough: true };

const variants: readonly [sentence: string, ref: Partial<BackendReference>, traffic: Traffic, key: string][] = [
  ['UDP to a port whose number a TCP port has too', { name: 'dns', port: 53 }, { protocol: 'UDP' }, 'service/shop/dns/53/udp'],
  ['TCP to that number', { name: 'dns', port: 53 }, { protocol: 'TCP' }, 'service/shop/dns/53'],
  ['UDP to an external name', { name: 'external', port: 53 }, { protocol: 'UDP' }, 'service/shop/external/53/udp'],
  ['UDP to a Backend', { ...envoyBackend, name: 'plain' }, { protocol: 'UDP' }, 'backend/shop/plain/udp'],
  ['gRPC to a port that does not say what it speaks', {}, { http2: true }, 'service/shop/app/80/h2c'],
  ['gRPC to a port that speaks HTTP/1.1 with others', { name: 'secured', port: 444 }, { http2: true }, 'service/shop/secured/444/h2c'],
  ['gRPC to a port that does', { port: 81 }, { http2: true }, 'service/shop/app/81'],
  ['gRPC to a Backend that does not say what it speaks', { ...envoyBackend, name: 'plain' }, { http2: true }, 'backend/shop/plain/h2c'],
  ['gRPC to a Backend that does', { ...envoyBackend, name: 'h2c' }, { http2: true }, 'backend/shop/h2c'],
  ['gRPC to an XBackend that does not say what it speaks', { ...xBackendRef, name: 'host' }, { http2: true }, 'xbackend/shop/host/h2c'],
  ['gRPC to an XBackend that does', { ...xBackendRef, name: 'h2c' }, { http2: true }, 'xbackend/shop/h2c'],
  ['bytes to an XBackend', { ...xBackendRef, name: 'tcp' }, { opaque: true }, 'xbackend/shop/tcp'],
  ['bytes to a port that speaks TLS', { port: 443 }, { opaque: true }, 'service/shop/app/443'],
  ['bytes to a Backend that speaks TLS', { ...envoyBackend, name: 'wss' }, { opaque: true }, 'backend/shop/wss'],
  ['TLS that passes through to a port that is given TLS otherwise', { name: 'secured', port: 443 }, passthrough, 'service/shop/secured/443/passthrough'],
  ['TLS that passes through to a port without a policy', { port: 443 }, passthrough, 'service/shop/app/443'],
  ['TLS that passes through to a Backend that is given TLS otherwise', { ...envoyBackend, name: 'tls' }, passthrough, 'backend/shop/tls/passthrough'],
  ['TLS that passes through to a Backend whose own could not be done', { ...envoyBackend, name: 'broken' }, passthrough, 'backend/shop/broken/passthrough'],
  ['TLS that passes through to an XBackend that is given TLS otherwise', { ...xBackendRef, name: 'secured' }, passthrough, 'xbackend/shop/secured/passthrough'],
  ['TLS that passes through to an XBackend without any', { ...xBackendRef, name: 'host' }, passthrough, 'xbackend/shop/host'],
  ['TLS that passes through to a Backend without any', { ...envoyBackend, name: 'plain' }, passthrough, 'backend/shop/plain'],
];

for (const [sentence, ref, traffic, key] of variants) {
  test(sentence, () => assert.deepEqual(resolve(ref, traffic), { backend: key }));
}

test('a TCP port is no UDP port', () => {
  const message = 'Service shop/app has no UDP port 80, only none';
  assert.deepEqual(resolve({}, { protocol: 'UDP' }), { fault: { reason: 'BackendNotFound', message } });
});

test('an external name leads nowhere in a cluster', () => {
  const message =
    'Service shop/external is of type ExternalName, which is not supported in a cluster (CVE-2021-25740); a Backend of gateway.envoyproxy.io with an fqdn endpoint names a host';
  assert.deepEqual(resolve({ name: 'external' }, {}, false), { fault: { reason: 'UnsupportedValue', message } });
});

const elsewhere: readonly [sentence: string, ref: Partial<BackendReference>, message: string][] = [
  ['a Backend that names the proxy itself', { ...envoyBackend, name: 'itself' }, 'Backend shop/itself: 127.0.0.1 is the proxy itself, which is not supported in a cluster'],
  ['a Backend with a name that means this here and that there', { ...envoyBackend, name: 'short' }, 'Backend shop/short: app is no domain of at least two labels'],
];

for (const [sentence, ref, message] of elsewhere) {
  test(`${sentence} leads nowhere in a cluster, and there on a machine of one's own`, () => {
    assert.deepEqual(resolve(ref, {}, false), { fault: { reason: 'UnsupportedValue', message } });
    assert.ok('backend' in resolve(ref, {}));
  });
}

test('an XBackend of HTTP/1.1 takes no gRPC', () => {
  const message = 'XBackend shop/http11: protocol HTTP11 is HTTP/1.1, and gRPC needs HTTP/2';
  assert.deepEqual(resolve({ ...xBackendRef, name: 'http11' }, { http2: true }), { fault: { reason: 'UnsupportedProtocol', message } });
});

test('an XBackend takes no UDP', () => {
  assert.deepEqual(resolve({ ...xBackendRef, name: 'tcp' }, { protocol: 'UDP' }), { fault: { reason: 'UnsupportedProtocol', message: 'XBackend shop/tcp takes no UDP' } });
});

const failing: readonly [sentence: string, ref: Partial<BackendReference>, reason: string, message: string][] = [
  ['a kind that is no backend', { kind: 'ConfigMap' }, 'InvalidKind', 'ConfigMap shop/app cannot be a backend'],
  ['a group that is no backend', { group: 'example.com', kind: 'Lake' }, 'InvalidKind', 'Lake shop/app of example.com cannot be a backend'],
  ['a kind that is no backend, before its namespace', { kind: 'ConfigMap', namespace: 'vault' }, 'InvalidKind', 'ConfigMap vault/app cannot be a backend'],
  [
    'a namespace without a grant, whether the object exists or not',
    { namespace: 'vault' },
    'RefNotPermitted',
    'Service vault/app: no ReferenceGrant in namespace vault lets HTTPRoutes of shop use it',
  ],
  ['a Service that does not exist', { name: 'missing' }, 'BackendNotFound', 'Service shop/missing does not exist'],
  ['a port that the Service does not have', { port: 90 }, 'BackendNotFound', 'Service shop/app has no TCP port 90, only 80, 81, 443, 444'],
  ['a Service without ports', { name: 'portless' }, 'BackendNotFound', 'Service shop/portless has no TCP port 80, only none'],
  ['a ServiceImport that does not exist', { ...serviceImport, name: 'missing' }, 'BackendNotFound', 'ServiceImport shop/missing does not exist'],
  ['a port that a ServiceImport does not have', { ...serviceImport, port: 90 }, 'BackendNotFound', 'ServiceImport shop/far has no TCP port 90, only 80'],
  ['a ServiceImport of the core group', { ...serviceImport, group: '' }, 'InvalidKind', 'ServiceImport shop/far cannot be a backend'],
  [
    'a port that speaks TLS',
    { port: 443 },
    'UnsupportedProtocol',
    'Service shop/app port 443: appProtocol https needs TLS, and no BackendTLSPolicy says whom to trust there',
  ],
  [
    'a port that speaks WebSockets over TLS',
    { port: 444 },
    'UnsupportedProtocol',
    'Service shop/app port 444: appProtocol kubernetes.io/wss needs TLS, and no BackendTLSPolicy says whom to trust there',
  ],
  ['an XBackend that does not exist', { ...xBackendRef, name: 'missing' }, 'BackendNotFound', 'XBackend shop/missing does not exist'],
  ['an XBackend that speaks no HTTP', { ...xBackendRef, name: 'tcp' }, 'UnsupportedProtocol', 'XBackend shop/tcp: protocol TCP is not HTTP'],
  ['an XBackend that is not accepted', { ...xBackendRef, name: 'broken' }, 'NoValidCACertificate', 'XBackend shop/broken: spec.tls: no good'],
  ['a Backend that does not exist', { ...envoyBackend, name: 'missing' }, 'BackendNotFound', 'Backend shop/missing does not exist'],
  ['a Backend that nobody says whom to trust of', { ...envoyBackend, name: 'trustless' }, 'InvalidBackendTLS', 'Backend shop/trustless: tls: no good'],
  ['a Backend whose TLS cannot be done', { ...envoyBackend, name: 'broken' }, 'InvalidBackendTLS', 'Backend shop/broken: tls: no good'],
  ['a Backend whose protocol needs TLS', { ...envoyBackend, name: 'wss' }, 'UnsupportedProtocol', 'Backend shop/wss: appProtocols: gateway.envoyproxy.io/wss needs TLS, and neither tls nor a BackendTLSPolicy says whom to trust'],
  ['a Backend that is a fallback', { ...envoyBackend, name: 'fallback' }, 'UnsupportedProtocol', 'Backend shop/fallback: fallback is not supported yet'],
  ['a Backend that resolves as it goes', { ...envoyBackend, name: 'resolver' }, 'UnsupportedProtocol', 'Backend shop/resolver: type DynamicResolver is not supported'],
];

for (const [sentence, ref, reason, message] of failing) {
  test(`${sentence}: ${reason}`, () => assert.deepEqual(resolve(ref), { fault: { reason, message } }));
}
