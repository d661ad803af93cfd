import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { freePort, until } from './envoy.ts';
import { selfSigned } from './support/certificate.ts';
import { ask, askTls, outcomeOfTls, seenBy } from './support/client.ts';
import { startEchoBackend, type EchoBackend } from './support/echo-backend.ts';
import { ask as askLine, open, say, startLineServer, type LineServer } from './support/line-server.ts';
import { secretOf, served, startObjectsGateway, type GivenObject, type ObjectsGateway } from './support/objects-gateway.ts';

/** A ReferenceGrant that goes while traffic flows: what it opened is closed from then on, nothing else is disturbed, and it opens again. */

let gateway: ObjectsGateway;
let backends: readonly EchoBackend[];
let lines: LineServer;
const ports = { http: 0, https: 0, checked: 0, tcp: 0 };
const clientPair = selfSigned('client');

const gatewayGroup = 'gateway.networking.k8s.io';

/** A grant in the namespace `far` from a kind in `default`. */
function grant(kind: string, to: { readonly group: string; readonly kind: string }): GivenObject {
  return ['ReferenceGrant', { metadata: { name: `${kind}-${to.kind}`.toLowerCase(), namespace: 'far' }, spec: { from: [{ group: gatewayGroup, kind, namespace: 'default' }], to: [to] } }];
}

const grants = {
  http: grant('HTTPRoute', { group: '', kind: 'Service' }),
  tcp: grant('TCPRoute', { group: '', kind: 'Service' }),
  listener: grant('Gateway', { group: '', kind: 'Secret' }),
  ca: grant('Gateway', { group: '', kind: 'ConfigMap' }),
} as const;

const far = (name: string) => ({ backendRefs: [{ name, namespace: 'far', port: 80 }] });
const near = (name: string) => ({ backendRefs: [{ name, port: 80 }] });
const at = (...sections: readonly string[]) => ({ parentRefs: sections.map((sectionName) => ({ name: 'gw', sectionName })) });

/** Traffic that nothing of this is about, and how often it was answered. */
function steadyTraffic(): { stop(): Promise<number> } {
  let running = true;
  let answered = 0;
  const done = (async () => {
    while (running) {
      assert.equal(seenBy(await ask(ports.http, { host: 'near.test' })).backend, 'near');
      answered++;
    }
  })();
  return {
    async stop() {
      running = false;
      await done;
      return answered;
    },
  };
}

/** Takes a grant away and gives it back, under traffic for somebody else; `without` and `within` are asserted in between and after. */
async function withdraw(which: keyof typeof grants, without: () => Promise<void>, within: () => Promise<void>): Promise<void> {
  const traffic = steadyTraffic();
  try {
    const [kind, object] = grants[which];
    const { name } = (object as { readonly metadata: { readonly name: string } }).metadata;
    gateway.remove(kind, `far/${name}`);
    await without();
    gateway.apply(grants[which]);
    await within();
  } finally {
    assert.ok((await traffic.stop()) > 0);
  }
}

suite('a grant that is withdrawn', { timeout: 120_000 }, () => {
  before(async () => {
    for (const name of Object.keys(ports) as (keyof typeof ports)[]) ports[name] = await freePort();
    [backends, lines] = await Promise.all([Promise.all([startEchoBackend('near'), startEchoBackend('far')]), startLineServer('line')]);
    const listeners = [
      { name: 'http', protocol: 'HTTP', port: ports.http },
      { name: 'own', protocol: 'HTTPS', port: ports.https, hostname: 'own.test', tls: { certificateRefs: [{ name: 'own' }] } },
      { name: 'granted', protocol: 'HTTPS', port: ports.https, hostname: 'granted.test', tls: { certificateRefs: [{ name: 'granted', namespace: 'far' }] } },
      { name: 'checked', protocol: 'HTTPS', port: ports.checked, hostname: 'checked.test', tls: { certificateRefs: [{ name: 'own' }] } },
      { name: 'tcp', protocol: 'TCP', port: ports.tcp },
    ];
    const validation = { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca', namespace: 'far' }] };
    const tls = { frontend: { default: {}, perPort: [{ port: ports.checked, tls: { validation } }] } };
    gateway = await startObjectsGateway(
      ['Gateway', { metadata: { name: 'gw' }, spec: { gatewayClassName: 'c', listeners, tls } }],
      secretOf('own', selfSigned('own.test')),
      secretOf('granted', selfSigned('granted.test'), 'far'),
      ...served('near', backends[0]?.port ?? 0),
      ...served('far', backends[1]?.port ?? 0, { namespace: 'far' }),
      ...served('line', lines.port, { namespace: 'far' }),
      ['ConfigMap', { metadata: { name: 'ca', namespace: 'far' }, data: { 'ca.crt': clientPair.chain } }],
      ['HTTPRoute', { metadata: { name: 'near' }, spec: { ...at('http', 'own', 'granted', 'checked'), hostnames: ['near.test', 'own.test', 'granted.test', 'checked.test'], rules: [near('near')] } }],
      ['HTTPRoute', { metadata: { name: 'far' }, spec: { ...at('http'), hostnames: ['far.test'], rules: [far('far')] } }],
      ['TCPRoute', { metadata: { name: 'line' }, spec: { ...at('tcp'), rules: [far('line')] } }],
      ...Object.values(grants),
    );
    await until('all is served', async () => (await ask(ports.http, { host: 'far.test' })).status === 200);
    await until('TLS is served', async () => (await askTls(ports.https, { serverName: 'granted.test', host: 'granted.test' })).status === 200);
  });

  after(async () => {
    await gateway.close();
    await Promise.all([...backends, lines].map((server) => server.close()));
  });

  test('by an HTTPRoute: 500, and the backend hears no more', async () => {
    await withdraw(
      'http',
      async () => {
        await until('requests get 500', async () => (await ask(ports.http, { host: 'far.test' })).status === 500);
        const before = backends[1]?.seen.length;
        for (let i = 0; i < 20; i++) assert.equal((await ask(ports.http, { host: 'far.test' })).status, 500);
        assert.equal(backends[1]?.seen.length, before);
      },
      () => until('it is served again', async () => (await ask(ports.http, { host: 'far.test' })).status === 200),
    );
  });

  test('by a TCPRoute: new connections are closed; those that are open go on, as after any change of a TCPRoute', async () => {
    const socket: Socket = open(ports.tcp);
    assert.equal(await say(socket, 'hello'), 'line hello');
    await withdraw(
      'tcp',
      async () => {
        await until('connections are closed', async () => (await askLine(ports.tcp)) === 'closed');
        for (let i = 0; i < 5; i++) assert.equal(await askLine(ports.tcp), 'closed');
        assert.equal(await say(socket, 'again'), 'line again');
      },
      () => until('it is served again', async () => (await askLine(ports.tcp)) === 'line hello'),
    );
    socket.destroy();
  });

  test('by a listener for the CA of its clients: nobody is let in unchecked, not even who has a certificate', async () => {
    const outcome = (certificate?: typeof clientPair) => outcomeOfTls(ports.checked, { serverName: 'checked.test', host: 'checked.test', certificate });
    await until('clients with a certificate are let in', async () => (await outcome(clientPair)) === 200);
    await withdraw(
      'ca',
      async () => {
        await until('nobody is let in', async () => (await outcome(clientPair)) !== 200);
        for (const certificate of [clientPair, undefined]) assert.notEqual(await outcome(certificate), 200);
      },
      () => until('it is served again', async () => (await outcome(clientPair)) === 200),
    );
    assert.notEqual(await outcome(), 200);
  });

  test('by a listener for its certificate: its handshakes fail, those of its neighbour do not', async () => {
    await withdraw(
      'listener',
      async () => {
        await until('handshakes fail', () => askTls(ports.https, { serverName: 'granted.test', host: 'granted.test' }).then(() => false, () => true));
        assert.equal((await askTls(ports.https, { serverName: 'own.test', host: 'own.test' })).status, 200);
      },
      () => until('it is served again', () => askTls(ports.https, { serverName: 'granted.test', host: 'granted.test' }).then(({ status }) => status === 200, () => false)),
    );
    assert.equal((await askTls(ports.https, { serverName: 'own.test', host: 'own.test' })).status, 200);
  });
});
