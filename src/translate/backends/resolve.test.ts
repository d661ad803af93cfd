import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveBackend, type BackendReference, type Resolved, type Traffic } from './resolve.ts';
import type { ServicePorts } from './services.ts';
import { decoded, readDirectly } from '../testing.ts';
import type { ObjectTls } from '../tls/object-tls.ts';
import type { TlsPolicy, TlsTarget } from '../tls/tls-policies.ts';
import { Graph } from '../../reactive/graph.ts';
import type { ResourceOf } from '../../api/kinds.ts';

const graph = new Graph();
const services = graph.source<ServicePorts>('services');
const backends = graph.source<ResourceOf<'Backend'>>('backends');
const objectTls = graph.source<ObjectTls>('object-tls');

const port = (number: number, appProtocol?: string) => ({ name: `p${number}`, port: number, protocol: 'TCP' as const, appProtocol });

function service(key: string, rest: Partial<ServicePorts>): void {
  services.set(key, { key, version: 'v', externalName: undefined, family: 'IPv4', clusterIPs: [], ports: [], ...rest });
}

service('shop/app', { ports: [port(80), port(81, 'kubernetes.io/h2c'), port(443, 'https'), port(444, 'kubernetes.io/wss')] });
service('shop/secured', { ports: [port(443, 'HTTPS'), port(444, 'wss')] });
service('shop/dns', { ports: [port(53), { name: 'udp', port: 53, protocol: 'UDP', appProtocol: 'https' }] });
service('bank/app', { ports: [port(80)] });
service('shop/portless', {});
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

/** Grants open namespace bank and nothing else. */
const grants = { permits: (_read: unknown, from: { namespace: string }, to: { namespace: string }) => to.namespace === from.namespace || to.namespace === 'bank' };

const policy: TlsPolicy = {
  ...{ ref: 'BackendTLSPolicy/shop/p', key: 'shop/p', namespace: 'shop', createdAt: '', generation: 1, targetRefs: [] },
  ...{ tls: undefined, acceptedFault: undefined, refsFault: undefined },
};

const secured = new Set(['shop/secured/p443', 'shop/wss-secured/undefined']);

/** A policy is for one port of one Service, and for one Backend. */
const policies = { find: (_read: unknown, { object, section }: TlsTarget) => (secured.has(`${object}/${section}`) ? policy : undefined) };

function resolve(ref: Partial<BackendReference>, traffic?: Traffic): Resolved {
  const from = { kind: 'HTTPRoute', namespace: 'shop' };
  return resolveBackend(readDirectly, from, { group: '', kind: 'Service', name: 'app', port: 80, ...ref }, { services, backends, grants, policies, objectTls, missing: () => 'does not exist' }, traffic);
}

const envoyBackend = { group: 'gateway.envoyproxy.io', kind: 'Backend' };

const found: readonly [sentence: string, ref: Partial<BackendReference>, key: string][] = [
  ['a port of a Service', {}, 'service/shop/app/80'],
  ['a port with a protocol that we speak', { port: 81 }, 'service/shop/app/81'],
  ['a Service of another namespace that is granted', { namespace: 'bank' }, 'service/bank/app/80'],
  ['any port of an external name', { name: 'external', port: 4711 }, 'service/shop/external/4711'],
  ['a port that speaks TLS, as a policy says', { name: 'secured', port: 443 }, 'service/shop/secured/443'],
  ['a Backend that speaks TLS, as it says itself', { ...envoyBackend, name: 'tls' }, 'backend/shop/tls'],
  ['a Backend that speaks TLS, as a policy says', { ...envoyBackend, name: 'wss-secured' }, 'backend/shop/wss-secured'],
  ['a Backend', { ...envoyBackend, name: 'plain' }, 'backend/shop/plain'],
  ['a Backend with a protocol that we speak', { ...envoyBackend, name: 'h2c' }, 'backend/shop/h2c'],
];

for (const [sentence, ref, key] of found) {
  test(sentence, () => assert.deepEqual(resolve(ref), { backend: key }));
}

const variants: readonly [sentence: string, ref: Partial<BackendReference>, traffic: Traffic, key: string][] = [
  ['UDP to a port whose number a TCP port has too', { name: 'dns', port: 53 }, { protocol: 'UDP' }, 'service/shop/dns/53/udp'],
  ['TCP to that number', { name: 'dns', port: 53 }, { protocol: 'TCP' }, 'service/shop/dns/53'],
  ['UDP to an external name', { name: 'external', port: 53 }, { protocol: 'UDP' }, 'service/shop/external/53/udp'],
  ['UDP to a Backend', { ...envoyBackend, name: 'plain' }, { protocol: 'UDP' }, 'backend/shop/plain/udp'],
  ['gRPC to a port that does not say what it speaks', {}, { http2: true }, 'service/shop/app/80/h2c'],
  ['gRPC to a port that does', { port: 81 }, { http2: true }, 'service/shop/app/81'],
  ['gRPC to a Backend that does not say what it speaks', { ...envoyBackend, name: 'plain' }, { http2: true }, 'backend/shop/plain/h2c'],
  ['gRPC to a Backend that does', { ...envoyBackend, name: 'h2c' }, { http2: true }, 'backend/shop/h2c'],
  ['bytes to a port that speaks TLS', { port: 443 }, { opaque: true }, 'service/shop/app/443'],
  ['bytes to a Backend that speaks TLS', { ...envoyBackend, name: 'wss' }, { opaque: true }, 'backend/shop/wss'],
];

for (const [sentence, ref, traffic, key] of variants) {
  test(sentence, () => assert.deepEqual(resolve(ref, traffic), { backend: key }));
}

test('a TCP port is no UDP port', () => {
  const message = 'Service shop/app has no UDP port 80, only none';
  assert.deepEqual(resolve({}, { protocol: 'UDP' }), { fault: { reason: 'BackendNotFound', message } });
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
