import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { createServer, type Server } from 'node:tls';
import { selfSigned } from '../support/certificate.ts';
import { ask, seenBy, upgrade } from '../support/client.ts';
import { startEchoBackend, type EchoBackend } from '../support/echo-backend.ts';
import { caConfigMap, route, standard, tlsSecret } from '../support/manifests.ts';
import { eventually, freePort, Moongate } from '../support/moongate.ts';

const certificate = selfSigned('app.example.com');
const client = selfSigned('gateway.example.com');

/** An XBackend, and a route to it for the host `NAME.test`. `spec` is YAML, from its first column on. */
function xBackend(name: string, spec: string): string {
  const backend = `apiVersion: gateway.networking.x-k8s.io/v1alpha1\nkind: XBackend\nmetadata: { name: ${name} }\nspec:\n  ${spec.trim().replaceAll('\n', '\n  ')}\n`;
  return `${backend}---\n${route(name, { host: `${name}.test`, rule: `backendRefs: [{group: gateway.networking.x-k8s.io, kind: XBackend, name: ${name}}]` })}`;
}

/** Spec of an XBackend of this machine, by a name. */
function external(port: number, { protocol, tls }: { readonly protocol?: string; readonly tls: string }): string {
  return `type: ExternalHostname
externalHostname: { hostname: localhost }
port: { number: ${port} }
${protocol === undefined ? '' : `protocol: ${protocol}\n`}tls: ${tls}`;
}

const validation = 'validation: { hostname: app.example.com, caCertificateRefs: [{group: "", kind: ConfigMap, name: ca}] }';
const serverOnly = `{ mode: ServerOnly, ${validation} }`;
const mutual = `{ mode: ClientAndServer, clientCertificateRef: { name: client }, ${validation} }`;

/** A server that refuses whatever clients offer by ALPN, and remembers it. */
async function startOfferServer(): Promise<{ readonly server: Server; readonly offered: string[][] }> {
  const offered: string[][] = [];
  const server = createServer({ cert: certificate.chain, key: certificate.privateKey, ALPNCallback: ({ protocols }) => void offered.push(protocols) });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, offered };
}

suite('XBackends are spoken to as they ask for', { timeout: 120_000 }, () => {
  let secured: EchoBackend;
  let pods: EchoBackend[];
  let offers: Awaited<ReturnType<typeof startOfferServer>>;
  let port: number;
  let moongate: Moongate;

  before(async () => {
    const [first, ...others] = await Promise.all([
      startEchoBackend('a'),
      startEchoBackend('secured', { tls: { cert: certificate.chain, key: certificate.privateKey, requestCert: true, rejectUnauthorized: false } }),
    ]);
    secured = others[0];
    // Pods have one port, and addresses of their own.
    pods = [first, await startEchoBackend('b', { host: '127.0.0.2', port: first.port }), await startEchoBackend('c', { host: '127.0.0.3', port: first.port })];
    offers = await startOfferServer();
    port = await freePort();
    moongate = await Moongate.create({
      'gatewayclass.yaml': standard('gatewayclass'),
      'gateway.yaml': standard('gateway', port),
      'certificates.yaml': [caConfigMap('ca', certificate.chain), tlsSecret('client', client)].join('---\n'),
      'backends.yaml': [
        xBackend('negotiated', external(secured.port, { tls: serverOnly })),
        xBackend('http11', external(secured.port, { protocol: 'HTTP11', tls: serverOnly })),
        xBackend('http2', external(secured.port, { protocol: 'HTTP2', tls: serverOnly })),
        xBackend('wss', external(secured.port, { protocol: 'WSS', tls: serverOnly })),
        xBackend('mutual', external(secured.port, { tls: mutual })),
        xBackend('wrong', external(secured.port, { tls: serverOnly.replace('app.example.com', 'other.example.com') })),
        ...['HTTP', 'HTTP11', 'HTTP2'].map((protocol) => xBackend(`offer-${protocol.toLowerCase()}`, external((offers.server.address() as AddressInfo).port, { protocol, tls: serverOnly }))),
      ].join('---\n'),
      'pods.yaml': `${xBackend('pods', `type: EndpointSelector
endpointSelector: { matchLabels: { app: pods } }
port: { number: ${first.port} }
sessionPersistence: { cookie: { name: stay } }`)}---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: pods
  labels: { moongate.dev/xbackend: pods }
addressType: IPv4
ports: [{ port: ${first.port} }]
endpoints: [{ addresses: [127.0.0.1] }, { addresses: [127.0.0.2] }, { addresses: [127.0.0.3] }]
`,
    });
    await moongate.start();
  });

  after(async () => {
    await moongate[Symbol.asyncDispose]();
    for (const server of [secured, ...pods]) await server.close();
    await new Promise((resolve) => offers.server.close(resolve));
  });

  const call = (name: string) => ask(port, { host: `${name}.test` });

  test('ServerOnly: its name is sent and verified, and HTTP/2 is agreed on', async () => {
    const { httpVersion, tls } = await eventually('its name is resolved', async () => seenBy(await call('negotiated')));
    assert.deepEqual([httpVersion, tls], ['2.0', { serverName: 'app.example.com', version: 'TLSv1.3', client: '' }]);
    const before = secured.seen.length;
    assert.equal((await call('wrong')).status, 503);
    assert.equal(secured.seen.length, before);
  });

  test('ClientAndServer: the certificate is shown', async () => {
    const { tls } = await eventually('its name is resolved', async () => seenBy(await call('mutual')));
    assert.equal(tls?.client, 'gateway.example.com');
  });

  for (const [name, version] of [['http11', '1.1'], ['http2', '2.0']] as const) {
    test(`protocol ${name} is spoken, whatever the server would rather`, async () => {
      assert.equal((await eventually('its name is resolved', async () => seenBy(await call(name)))).httpVersion, version);
    });
  }

  for (const [name, protocols] of [['offer-http', ['h2', 'http/1.1']], ['offer-http11', ['http/1.1']], ['offer-http2', ['h2']]] as const) {
    test(`${name}: what is spoken is offered by ALPN`, async () => {
      offers.offered.length = 0;
      await eventually('a connection', async () => {
        await call(name);
        return offers.offered.length > 0;
      });
      assert.deepEqual(offers.offered[0], protocols);
    });
  }

  test('WSS: WebSockets go over TLS', async () => {
    const socket = await eventually('an upgrade', () => upgrade(port, 'wss.test'));
    socket.write('over and out');
    const [echo] = (await once(socket, 'data')) as [Buffer];
    assert.equal(echo.toString(), 'over and out');
    socket.destroy();
  });

  test('sessionPersistence keeps a client with one of its Pods', async () => {
    const servers = new Set<string>();
    for (let i = 0; i < 20; i++) servers.add(seenBy(await call('pods')).backend);
    assert.ok(servers.size > 1, 'without a cookie all are used');
    const first = await call('pods');
    const cookie = [first.headers['set-cookie'] ?? []].flat().map((line) => line.split(';', 1)[0]).join('; ');
    assert.match(cookie, /^stay=/);
    for (let i = 0; i < 20; i++) assert.equal(seenBy(await ask(port, { host: 'pods.test', headers: { cookie } })).backend, seenBy(first).backend);
  });

  test('without its certificate an XBackend is not accepted, and nobody is connected to', async () => {
    moongate.write('certificates.yaml', caConfigMap('ca', certificate.chain));
    await eventually('500', async () => (await call('mutual')).status === 500);
    const accepted = (await moongate.statusOf('XBackend', 'mutual'))?.ancestors?.[0]?.conditions.find(({ type }) => type === 'Accepted');
    assert.deepEqual([accepted?.status, accepted?.reason, accepted?.message], ['False', 'InvalidClientCertificateRef', 'spec.tls: clientCertificateRef: Secret default/client does not exist']);
    moongate.write('certificates.yaml', [caConfigMap('ca', certificate.chain), tlsSecret('client', client)].join('---\n'));
    await eventually('200', async () => (await call('mutual')).status === 200);
  });
});
