import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { connect } from 'node:tls';
import { certificateAuthority, selfSigned, type CertificateAuthority, type CertificatePair } from '../support/certificate.ts';
import { askTls, outcomeOfTls, seenBy } from '../support/client.ts';
import { startEchoBackend, type EchoBackend } from '../support/echo-backend.ts';
import { clusterTrustBundle, route, service, tlsSecret } from '../support/manifests.ts';
import { eventually, freePort, Moongate } from '../support/moongate.ts';

const rule = 'backendRefs: [{name: backend, port: 3000}]';

function gatewayClass(merged: boolean): string {
  const parameters = 'parametersRef: {group: gateway.envoyproxy.io, kind: EnvoyProxy, namespace: default, name: merged}';
  return `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: ack-gateway}
spec:
  controllerName: gateway.envoyproxy.io/gatewayclass-controller
  ${merged ? parameters : ''}
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyProxy
metadata: {name: merged}
spec: {mergeGateways: true}
`;
}

function gateway(name: string, frontend: string, listeners: readonly { readonly port: number; readonly hostname: string }[]): string {
  const entries = listeners.map(({ port, hostname }) =>
    `  - {name: https-${port}, port: ${port}, protocol: HTTPS, hostname: ${hostname}, tls: {certificateRefs: [{name: server}]}}`);
  return `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: ${name}}
spec:
  gatewayClassName: ack-gateway
  ${frontend === '' ? '' : `tls: {frontend: ${frontend}}`}
  listeners:
${entries.join('\n')}
`;
}

function validation(ca: string, mode = 'AllowValidOnly'): string {
  return `{validation: {caCertificateRefs: [{group: '', kind: ConfigMap, name: ${ca}}], mode: ${mode}}}`;
}

function configMap(name: string, { certificate }: CertificateAuthority): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { 'ca.crt': certificate } });
}

function says(port: number, host: string, certificate?: CertificatePair, serverName = host): Promise<number | string> {
  return outcomeOfTls(port, { serverName, host, certificate });
}

const unknownCa = 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA';
const certificateRequired = 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED';

suite('certificates of clients', { timeout: 120_000 }, () => {
  const first = certificateAuthority('first');
  const second = certificateAuthority('second');
  const clientOfFirst = first.issue('client');
  const clientOfSecond = second.issue('client');
  const host = 'a.example.com';
  let backend: EchoBackend;
  let moongate: Moongate;
  let ports: { readonly byDefault: number; readonly own: number; readonly fallback: number };

  before(async () => {
    backend = await startEchoBackend('backend');
    ports = { byDefault: await freePort(), own: await freePort(), fallback: await freePort() };
    const perPort = `[{port: ${ports.own}, tls: ${validation('second')}}, {port: ${ports.fallback}, tls: ${validation('first', 'AllowInsecureFallback')}}]`;
    moongate = await Moongate.create({
      'gatewayclass.yaml': gatewayClass(false),
      'gateway.yaml': gateway('ack-gateway', `{default: ${validation('first')}, perPort: ${perPort}}`, Object.values(ports).map((port) => ({ port, hostname: host }))),
      'server.yaml': tlsSecret('server', selfSigned(host)),
      'first.yaml': configMap('first', first),
      'second.yaml': configMap('second', second),
      'services.yaml': service('backend', backend.port),
      'routes.yaml': route('a', { host, rule }),
    });
    await moongate.start();
    for (const [port, client] of [[ports.byDefault, clientOfFirst], [ports.own, clientOfSecond], [ports.fallback, clientOfFirst]] as const) {
      await eventually(`port ${port} answers`, async () => (await says(port, host, client)) === 200);
    }
  });

  after(async () => {
    await moongate[Symbol.asyncDispose]();
    await backend.close();
  });

  test('are checked by default', async () => {
    assert.equal(seenBy(await askTls(ports.byDefault, { serverName: host, host, certificate: clientOfFirst })).backend, 'backend');
    assert.equal(await says(ports.byDefault, host, clientOfSecond), unknownCa);
    assert.equal(await says(ports.byDefault, host), certificateRequired);
  });

  test('are checked against the CA of the port where it has its own', async () => {
    assert.equal(await says(ports.own, host, clientOfSecond), 200);
    assert.equal(await says(ports.own, host, clientOfFirst), unknownCa);
    assert.equal(await says(ports.own, host), certificateRequired);
  });

  test('do not matter with the insecure fallback, of which the Gateway warns', async () => {
    for (const certificate of [clientOfFirst, clientOfSecond, undefined]) assert.equal(await says(ports.fallback, host, certificate), 200);
    const conditions = (await moongate.statusOf('Gateway', 'ack-gateway'))?.conditions ?? [];
    assert.deepEqual(conditions.filter(({ type }) => type === 'InsecureFrontendValidationMode').map(({ status, reason }) => [status, reason]), [['True', 'ConfigurationChanged']]);
  });

  test('are checked against another CA once the ConfigMap has it', async () => {
    moongate.write('first.yaml', configMap('first', second));
    await eventually('the new CA counts', async () => (await says(ports.byDefault, host, clientOfSecond)) === 200);
    assert.equal(await says(ports.byDefault, host, clientOfFirst), unknownCa);
    moongate.write('first.yaml', configMap('first', first));
    await eventually('the old CA counts again', async () => (await says(ports.byDefault, host, clientOfFirst)) === 200);
  });

  test('open no door without a CA, until it is back', async () => {
    moongate.remove('first.yaml');
    await eventually('nobody is let in', async () => (await says(ports.byDefault, host, clientOfFirst)) === 'ECONNREFUSED');
    assert.equal(await says(ports.byDefault, host), 'ECONNREFUSED');
    assert.equal(await says(ports.own, host, clientOfSecond), 200);
    const listener = (await moongate.statusOf('Gateway', 'ack-gateway'))?.listeners?.find(({ name }) => name === `https-${ports.byDefault}`);
    assert.deepEqual(listener?.conditions.filter(({ status }) => status === 'False').map(({ type, reason }) => [type, reason]), [
      ['Accepted', 'NoValidCACertificate'],
      ['Programmed', 'Invalid'],
      ['ResolvedRefs', 'InvalidCACertificateRef'],
      ['Conflicted', 'NoConflicts'],
    ]);
    moongate.write('first.yaml', configMap('first', first));
    await eventually('clients are let in again', async () => (await says(ports.byDefault, host, clientOfFirst)) === 200);
  });
});

suite('connections of TLS listeners', { timeout: 120_000 }, () => {
  test('are handed on for clients with a certificate only', async () => {
    await using stack = new AsyncDisposableStack();
    const backend = await startEchoBackend('backend');
    stack.defer(() => backend.close());
    const ca = certificateAuthority('ca');
    const port = await freePort();
    const host = 'a.example.com';
    const moongate = await Moongate.create({
      'gatewayclass.yaml': gatewayClass(false),
      'gateway.yaml': gateway('ack-gateway', `{default: ${validation('ca')}}`, [{ port, hostname: host }]).replace('protocol: HTTPS', 'protocol: TLS'),
      'server.yaml': tlsSecret('server', selfSigned(host)),
      'ca.yaml': configMap('ca', ca),
      'services.yaml': service('backend', backend.port),
      'routes.yaml': route('a', { host, rule }).replace('HTTPRoute', 'TCPRoute').replace(/ {2}hostnames: .*\n/, ''),
    });
    stack.use(moongate);
    await moongate.start();
    await eventually('a client with a certificate is answered', async () => (await talk(port, host, ca.issue('client'))).includes('200 OK'));
    assert.equal(await talk(port, host), certificateRequired);
    assert.equal(await talk(port, host, certificateAuthority('stranger').issue('client')), unknownCa);
  });
});

/** Speaks HTTP/1.1 over TLS, without ALPN, and gives the beginning of the answer or the name of the alert. */
function talk(port: number, servername: string, certificate?: CertificatePair): Promise<string> {
  return new Promise((resolve) => {
    const { chain: cert, privateKey: key } = certificate ?? {};
    const socket = connect({ port, servername, rejectUnauthorized: false, cert, key }, () => socket.write(`GET / HTTP/1.1\r\nhost: ${servername}\r\n\r\n`));
    socket.once('data', (data) => {
      resolve(data.toString());
      socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? String(error)));
    socket.on('end', () => resolve('the connection was closed'));
  });
}

suite('certificates of clients that the CA of a ClusterTrustBundle has signed', { timeout: 120_000 }, () => {
  test('are let in, and no others', async () => {
    await using stack = new AsyncDisposableStack();
    const backend = await startEchoBackend('backend');
    stack.defer(() => backend.close());
    const [ca, other] = [certificateAuthority('ca'), certificateAuthority('other')];
    const host = 'a.example.com';
    const port = await freePort();
    const frontend = '{default: {validation: {caCertificateRefs: [{group: certificates.k8s.io, kind: ClusterTrustBundle, name: bundle}]}}}';
    const moongate = await Moongate.create({
      'gatewayclass.yaml': gatewayClass(false),
      'gateway.yaml': gateway('ack-gateway', frontend, [{ port, hostname: host }]),
      'server.yaml': tlsSecret('server', selfSigned(host)),
      'bundle.yaml': clusterTrustBundle('bundle', ca.certificate),
      'services.yaml': service('backend', backend.port),
      'routes.yaml': route('a', { host, rule }),
    });
    stack.use(moongate);
    await moongate.start();
    await eventually('its client is let in', async () => (await says(port, host, ca.issue('client'))) === 200);
    assert.equal(await says(port, host, other.issue('client')), unknownCa);
    assert.equal(await says(port, host), certificateRequired);
  });
});

suite('Gateways that share a proxy and a port', { timeout: 120_000 }, () => {
  test('do not let in each other\'s clients', async () => {
    await using stack = new AsyncDisposableStack();
    const backend = await startEchoBackend('backend');
    stack.defer(() => backend.close());
    const [strict, open] = ['strict.example.com', 'open.example.com'];
    const ca = certificateAuthority('ca');
    const client = ca.issue('client');
    const port = await freePort();
    const moongate = await Moongate.create({
      'gatewayclass.yaml': gatewayClass(true),
      'strict.yaml': gateway('strict', `{default: ${validation('ca')}}`, [{ port, hostname: strict }]),
      'open.yaml': gateway('open', '', [{ port, hostname: open }]),
      'server.yaml': tlsSecret('server', selfSigned(strict, open)),
      'ca.yaml': configMap('ca', ca),
      'services.yaml': service('backend', backend.port),
      'routes.yaml': [strict, open].map((host) => route(host, { host, rule }).replace('name: ack-gateway', `name: ${host.split('.')[0]}`)).join('---\n'),
    });
    stack.use(moongate);
    await moongate.start();
    await eventually('both answer', async () => (await says(port, strict, client)) === 200 && (await says(port, open)) === 200);
    assert.equal(await says(port, strict), certificateRequired);
    assert.equal(await says(port, strict, undefined, open), 421, 'a request for the strict host over a connection of the open one');
    assert.equal(await says(port, open, client, strict), 421);
  });
});
