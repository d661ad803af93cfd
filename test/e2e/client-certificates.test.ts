import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connect, type ConnectionOptions } from 'node:tls';
import { certificateAuthority, selfSigned } from './support/certificate.ts';
import { ask, askTls, outcomeOfTls, seenBy } from './support/client.ts';
import type { AskTls } from './support/client.ts';
import { startEchoBackend } from './support/echo-backend.ts';
import type { EchoBackend } from './support/echo-backend.ts';
import { startTestGateway } from './support/gateway.ts';
import type { TestGateway } from './support/gateway.ts';
import { forward, listener, route } from '../support/ir-values.ts';
import { until } from './envoy.ts';

/** What Envoy does with clients that show a certificate, and with those that show none. */

const trusted = certificateAuthority('trusted');
const alsoTrusted = certificateAuthority('also-trusted');
const stranger = certificateAuthority('stranger');
const client = trusted.issue('client.test');

let gateway: TestGateway;
let echo: EchoBackend;
let plain: number;
/** The ports of the listeners, by what they do with clients that have no valid certificate. */
let ports: Readonly<Record<'refuses' | 'letsIn', number>>;

before(async () => {
  [gateway, echo] = await Promise.all([startTestGateway(), startEchoBackend('echo')]);
  await gateway.backend({ key: 'echo' }, [echo.port]);
  await gateway.certificate({ key: 'Secret/e2e/server', ...selfSigned('a.test') });
  await gateway.trustBundle({ key: 'ConfigMap/e2e/ca', certificates: trusted.certificate + alsoTrusted.certificate });
  const open = async (port: number, required: boolean): Promise<number> => {
    const key = `e2e/gw/${port}`;
    await gateway.table({ key, proxy: 'e2e/gw', port, scheme: 'https', misdirected: [] });
    const clientValidation = { trustBundle: 'ConfigMap/e2e/ca', required };
    const tls = { certificates: ['Secret/e2e/server'], alpn: ['h2', 'http/1.1'] as const, clientValidation };
    const bound = await gateway.listen(listener(key, port, [{ name: 'https', serverNames: [], tls, target: { type: 'routes', table: key } }]));
    await gateway.hosts(key, { 'a.test': [route('echo', forward(['echo']))] });
    await until('the workers have the routes', async () => (await says(bound, client)) === 200);
    return bound;
  };
  ports = { refuses: await open(443, true), letsIn: await open(8443, false) };
  await gateway.table({ key: 'e2e/gw/80', proxy: 'e2e/gw', port: 80, scheme: 'http', misdirected: [] });
  plain = await gateway.listen(listener('e2e/gw/80', 80));
  await gateway.hosts('e2e/gw/80', { 'a.test': [route('echo', forward(['echo']))] });
});

after(async () => {
  await gateway.close();
  await echo.close();
});

function says(port: number, certificate: AskTls['certificate']): Promise<number | string> {
  return outcomeOfTls(port, { serverName: 'a.test', host: 'a.test', certificate });
}

const clients: readonly [who: string, certificate: AskTls['certificate'], refused: string | number][] = [
  ['with a certificate of a CA in the bundle', client, 200],
  ['with a certificate of the other CA in the bundle', alsoTrusted.issue('client.test'), 200],
  ['with a certificate of an unknown CA', stranger.issue('client.test'), 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'],
  ['with a certificate of its own making', selfSigned('client.test'), 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'],
  ['without a certificate', undefined, 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'],
];

describe('a listener that wants valid certificates', () => {
  for (const [who, certificate, answer] of clients) {
    test(`${answer === 200 ? 'lets in' : 'refuses'} a client ${who}`, async () => assert.equal(await says(ports.refuses, certificate), answer));
  }
});

describe('a TLS session', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`of ${version} is not resumed, so that nobody gets in without being looked at`, async () => {
      const { chain: cert, privateKey: key } = client;
      const first = await handshake({ minVersion: version, maxVersion: version, cert, key });
      assert.deepEqual([first.protocol, first.reused], [version, false]);
      const second = await handshake({ minVersion: version, maxVersion: version, cert, key, session: first.session });
      assert.deepEqual([second.protocol, second.reused], [version, false]);
    });
  }
});

/** Connects, asks for something, and gives what there is to resume. */
function handshake(options: ConnectionOptions): Promise<{ protocol: string | null; reused: boolean; session: Buffer | undefined }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: ports.refuses, servername: 'a.test', rejectUnauthorized: false, ...options }, () => socket.write('GET / HTTP/1.1\r\nhost: a.test\r\n\r\n'));
    socket.once('data', () => {
      resolve({ protocol: socket.getProtocol(), reused: socket.isSessionReused(), session: socket.getSession() });
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

describe('a listener with the insecure fallback', () => {
  for (const [who, certificate] of clients) {
    test(`lets in a client ${who}`, async () => assert.equal(await says(ports.letsIn, certificate), 200));
  }
});

describe('x-forwarded-client-cert', () => {
  const headers = { 'x-forwarded-client-cert': 'Subject="CN=admin"' };

  test('of a client does not reach a backend over TLS, whatever it has shown', async () => {
    for (const port of Object.values(ports)) {
      const seen = seenBy(await askTls(port, { serverName: 'a.test', host: 'a.test', headers, certificate: client }));
      assert.equal(seen.headers['x-forwarded-client-cert'], undefined);
    }
    const seen = seenBy(await askTls(ports.letsIn, { serverName: 'a.test', host: 'a.test', headers }));
    assert.equal(seen.headers['x-forwarded-client-cert'], undefined);
  });

  test('of a client does not reach a backend without TLS', async () => {
    assert.equal(seenBy(await ask(plain, { host: 'a.test', headers })).headers['x-forwarded-client-cert'], undefined);
  });
});
