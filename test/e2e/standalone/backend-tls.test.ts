import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { selfSigned } from '../support/certificate.ts';
import { ask, seenBy, upgrade, type Reply } from '../support/client.ts';
import { startEchoBackend, type EchoBackend } from '../support/echo-backend.ts';
import { caConfigMap, clusterTrustBundle, route, service, standard, tlsPolicy, tlsSecret } from '../support/manifests.ts';
import { eventually, freePort, Moongate, type Condition } from '../support/moongate.ts';

const uri = 'spiffe://example.com/ns/default/sa/app';
const { chain, privateKey } = selfSigned('app.example.com', uri);
const { chain: foreign } = selfSigned('app.example.com');

/** A Service for each policy: the same server behind all of them. */
const policies = {
  verified: { hostname: 'app.example.com', ca: 'ca' },
  'wrong-name': { hostname: 'other.example.com', ca: 'ca' },
  'wrong-authority': { hostname: 'app.example.com', ca: 'foreign' },
  'alternative-name': { hostname: 'other.example.com', ca: 'ca', names: `[{type: URI, uri: "${uri}"}]` },
  'wrong-alternative-name': { hostname: 'app.example.com', ca: 'ca', names: '[{type: URI, uri: "spiffe://example.com/other"}, {type: Hostname, hostname: "*.example.org"}]' },
  changing: { hostname: 'app.example.com', ca: 'changing' },
  replaced: { hostname: 'app.example.com', ca: 'replaced' },
} as const;

const wrong = ['wrong-name', 'wrong-authority', 'wrong-alternative-name'] as const;

suite('backends that speak TLS are spoken to as a policy says', { timeout: 120_000 }, () => {
  let backend: EchoBackend;
  let moongate: Moongate;
  let port: number;

  before(async () => {
    backend = await startEchoBackend('app', { tls: { cert: chain, key: privateKey, requestCert: true, rejectUnauthorized: false } });
    port = await freePort();
    moongate = await Moongate.create({
      'gatewayclass.yaml': standard('gatewayclass'),
      'gateway.yaml': standard('gateway', port),
      'authorities.yaml': [caConfigMap('ca', chain), caConfigMap('foreign', foreign)].join('---\n'),
      'authority.yaml': caConfigMap('changing', chain),
      'replaced-authority.yaml': caConfigMap('replaced', foreign),
      ...Object.fromEntries(Object.entries(policies).map(([name, policy]) => [
        `${name}.yaml`,
        [service(name, backend.port), route(name, { host: `${name}.test`, rule: `backendRefs: [{name: ${name}, port: 3000}]` }), tlsPolicy(name, policy)].join('---\n'),
      ])),
    });
    await moongate.start('--access-log', accessLog());
  });

  after(async () => {
    await moongate[Symbol.asyncDispose]();
    await backend.close();
  });

  /** Envoy tells clients no more of a failed connection than that it failed. */
  const accessLog = () => join(moongate.directory, 'access.log');

  const call = (name: keyof typeof policies): Promise<Reply> => ask(port, { host: `${name}.test` });

  function condition(name: keyof typeof policies, type: string): Promise<Condition> {
    return eventually(`${name} has ${type}`, async () => {
      return (await moongate.statusOf('BackendTLSPolicy', name))?.ancestors?.[0]?.conditions.find((one) => one.type === type);
    });
  }

  test('the name is sent as SNI and verified, and HTTP/2 is agreed on', async () => {
    const { tls, httpVersion } = seenBy(await call('verified'));
    assert.deepEqual(tls, { serverName: 'app.example.com', version: 'TLSv1.3', client: '' });
    assert.equal(httpVersion, '2.0');
    assert.equal((await condition('verified', 'Accepted')).status, 'True');
  });

  test('an alternative name takes the place of the name', async () => {
    assert.equal(seenBy(await call('alternative-name')).tls?.serverName, 'other.example.com');
  });

  for (const name of wrong) {
    test(`a certificate is refused: ${name}`, async () => {
      const { length } = backend.seen;
      assert.equal((await call(name)).status, 503);
      assert.equal(backend.seen.length, length);
      assert.equal((await condition(name, 'Accepted')).status, 'True');
    });
  }

  test('without its CA nobody is connected to, and with it everybody again', async () => {
    assert.equal((await call('changing')).status, 200);
    moongate.remove('authority.yaml');
    await eventually('503', async () => (await call('changing')).status === 503);
    assert.equal((await condition('changing', 'Accepted')).reason, 'NoValidCACertificate');
    assert.equal((await condition('changing', 'ResolvedRefs')).reason, 'InvalidCACertificateRef');
    moongate.write('authority.yaml', caConfigMap('changing', chain));
    await eventually('200', async () => (await call('changing')).status === 200);
    assert.equal((await condition('changing', 'Accepted')).reason, 'Accepted');
  });

  test('a CA that is replaced counts for the next connection', async () => {
    assert.equal((await call('replaced')).status, 503);
    moongate.write('replaced-authority.yaml', caConfigMap('replaced', chain));
    await eventually('200', async () => (await call('replaced')).status === 200);
  });

  test('the CA may be that of a ClusterTrustBundle', async () => {
    const bundled = (ca: string) => tlsPolicy('bundled', { hostname: 'app.example.com', ca }).replace('group: "", kind: ConfigMap', 'group: certificates.k8s.io, kind: ClusterTrustBundle');
    moongate.write('bundled.yaml', [
      clusterTrustBundle('bundle', chain), clusterTrustBundle('foreign', foreign), service('bundled', backend.port),
      route('bundled', { host: 'bundled.test', rule: 'backendRefs: [{name: bundled, port: 3000}]' }),
    ].join('---\n'));
    moongate.write('bundled-policy.yaml', bundled('bundle'));
    const { tls } = await eventually('an answer', async () => seenBy(await ask(port, { host: 'bundled.test' })));
    assert.equal(tls?.serverName, 'app.example.com');
    moongate.write('bundled-policy.yaml', bundled('foreign'));
    await eventually('503', async () => (await ask(port, { host: 'bundled.test' })).status === 503);
  });

  test('WebSockets go over TLS, too', async () => {
    moongate.write('sockets.yaml', [
      service('sockets', backend.port).replace('targetPort: 3000', 'targetPort: 3000\n      appProtocol: kubernetes.io/wss'),
      route('sockets', { host: 'sockets.test', rule: 'backendRefs: [{name: sockets, port: 3000}]' }),
      tlsPolicy('sockets', { hostname: 'app.example.com', ca: 'ca' }),
    ].join('---\n'));
    const socket = await eventually('an upgrade', () => upgrade(port, 'sockets.test'));
    socket.write('over and out');
    const [echo] = (await once(socket, 'data')) as [Buffer];
    assert.equal(echo.toString(), 'over and out');
    socket.destroy();
  });

  test('a Backend says itself whom to trust, and its endpoint whom to ask for', async () => {
    moongate.write('object.yaml', `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata:
  name: object
spec:
  tls:
    caCertificateRefs: [{group: "", kind: ConfigMap, name: ca}]
    autoSNIFromEndpointHostname: true
    maxVersion: "1.2"
    alpnProtocols: [http/1.1]
  endpoints:
    - hostname: app.example.com
      ip: {address: 127.0.0.1, port: ${backend.port}}
---
${route('object', { host: 'object.test', rule: 'backendRefs: [{group: gateway.envoyproxy.io, kind: Backend, name: object}]' })}`);
    const seen = await eventually('an answer', async () => seenBy(await ask(port, { host: 'object.test' })));
    assert.deepEqual([seen.httpVersion, seen.tls], ['1.1', { serverName: 'app.example.com', version: 'TLSv1.2', client: '' }]);
  });

  test('the host of the request is sent where a Backend says nothing', async () => {
    moongate.write('host.yaml', `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata:
  name: host
spec:
  tls:
    caCertificateRefs: [{group: "", kind: ConfigMap, name: ca}]
  endpoints:
    - ip: {address: 127.0.0.1, port: ${backend.port}}
---
${route('host', { host: 'app.example.com', rule: 'backendRefs: [{group: gateway.envoyproxy.io, kind: Backend, name: host}]' })}`);
    const seen = await eventually('an answer', async () => seenBy(await ask(port, { host: 'app.example.com' })));
    assert.equal(seen.tls?.serverName, 'app.example.com');
  });

  test('a Gateway shows its certificate', async () => {
    assert.equal(seenBy(await call('verified')).tls?.client, '');
    moongate.write('client.yaml', tlsSecret('client', selfSigned('gateway.example.com')));
    moongate.write('gateway.yaml', `${standard('gateway', port).trimEnd()}\n  tls:\n    backend:\n      clientCertificateRef: {name: client}\n`);
    await eventually('the certificate', async () => seenBy(await call('verified')).tls?.client === 'gateway.example.com');
    moongate.remove('client.yaml');
    await eventually('no certificate', async () => seenBy(await call('verified')).tls?.client === '');
    const conditions = (await moongate.statusOf('Gateway', 'ack-gateway'))?.conditions ?? [];
    assert.equal(conditions.find(({ type }) => type === 'ResolvedRefs')?.reason, 'InvalidClientCertificateRef');
    assert.equal(conditions.find(({ type }) => type === 'Accepted')?.status, 'True');
  });

  test('the access log says why a certificate was refused', async () => {
    await eventually('reasons', () => {
      const lines = readFileSync(accessLog(), 'utf8').split('\n').filter((line) => line.includes('CERTIFICATE_VERIFY_FAILED'));
      return wrong.every((name) => lines.some((line) => line.includes(`service/default/${name}/`)));
    });
  });
});
