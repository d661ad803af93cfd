import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import 'reflect-metadata';
import { BasicConstraintsExtension, PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import { MetricsClient, type Answer } from './metrics-client.ts';
import { decodeMetricsSource } from './metrics-source.ts';
import { serve } from './testing.ts';

/** A certificate that vouches for itself, for 127.0.0.1 or another address. */
async function selfSigned(ip: string): Promise<{ readonly cert: string; readonly key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const extensions = [new BasicConstraintsExtension(true), new SubjectAlternativeNameExtension([{ type: 'ip', value: ip }])];
  const certificate = await X509CertificateGenerator.createSelfSigned({ name: `CN=${ip}`, keys, signingAlgorithm: algorithm, extensions });
  return { cert: certificate.toString('pem'), key: PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY') };
}

const folder = mkdtempSync(join(tmpdir(), 'moongate-scrape-'));
const file = (name: string): string => join(folder, name);
after(() => rmSync(folder, { recursive: true }));

const tls = { server: { cert: '', key: '' }, other: { cert: '', key: '' } };
before(async () => {
  tls.server = await selfSigned('127.0.0.1');
  tls.other = await selfSigned('10.0.0.1');
  for (const [name, { cert, key }] of Object.entries(tls)) {
    writeFileSync(file(`${name}.crt`), cert);
    writeFileSync(file(`${name}.key`), key);
  }
  writeFileSync(file('none.crt'), 'no certificate');
});

describe('a source of metrics', () => {
  test('has the defaults of upstream', () => {
    const { tls: security, ...rest } = decodeMetricsSource(undefined);
    assert.deepEqual(rest, { scheme: 'http', path: '/metrics', port: undefined, intervalMs: 0 });
    assert.deepEqual(security, { insecure: true, ca: undefined, client: undefined });
  });

  test('says another interval', () => assert.equal(decodeMetricsSource({ interval: '1s500ms' }).intervalMs, 1500));

  const wrong: readonly (readonly [object, string | RegExp])[] = [
    [{ url: 'x' }, /^parameters.url: unknown field; known are scheme, path,/],
    [{ scheme: 'ftp' }, 'parameters.scheme: must be http or https, not "ftp"'],
    [{ path: 'metrics' }, 'parameters.path: "metrics" is no path, which begins with a slash'],
    [{ path: '/a b' }, 'parameters.path: "/a b" is no path, which begins with a slash'],
    [{ port: 0 }, 'parameters.port: must be an integer from 1 to 65535, not 0'],
    [{ insecureSkipVerify: 'no' }, 'parameters.insecureSkipVerify: must be true or false, not "no"'],
    [{ interval: 'often' }, 'parameters.interval: "often" is no duration such as 200ms or 1s'],
    [{ caCertPath: file('missing') }, /^parameters.caCertPath: ENOENT/],
    [{ caCertPath: file('none.crt') }, `parameters.caCertPath: ${file('none.crt')} has no certificate in PEM`],
    [{ clientKeyPath: 'k' }, 'parameters.clientCertPath: must be set, since clientKeyPath is'],
    [{ clientCertPath: 'c' }, 'parameters.clientKeyPath: must be set, since clientCertPath is'],
    [{ clientCertPath: file('server.crt'), clientKeyPath: file('other.key') }, /^parameters.clientCertPath: the certificate in .*server.crt and the key in .*other.key cannot be used: /],
  ];
  for (const [parameters, message] of wrong) test(`is refused: ${String(message)}`, () => assert.throws(() => decodeMetricsSource(parameters), { message }));
});

describe('over TLS', () => {
  /** What a server with a certificate for 127.0.0.1 answers; `subject` is of the client's. */
  async function ask(context: Parameters<typeof serve>[0], parameters: object): Promise<string> {
    const port = await serve(context, (request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate();
      response.end(`hello ${String(subject?.CN ?? 'stranger')}`);
    }, { ...tls.server, requestCert: true, rejectUnauthorized: false });
    const source = decodeMetricsSource({ scheme: 'https', ...parameters });
    const client = new MetricsClient({ origin: `https://127.0.0.1:${port}`, source, maxBytes: 1000, timeoutMs: 5000 });
    context.after(() => client.destroy());
    const answer = await new Promise<Answer>((resolve) => client.ask(resolve));
    return 'body' in answer ? answer.body.toString() : answer.problem;
  }

  test('any certificate will do by default, even if there is an authority', async (context) => {
    assert.equal(await ask(context, {}), 'hello stranger');
    assert.equal(await ask(context, { caCertPath: file('other.crt') }), 'hello stranger');
  });

  test('the authority has to have signed it', async (context) => {
    assert.equal(await ask(context, { insecureSkipVerify: false, caCertPath: file('server.crt') }), 'hello stranger');
    assert.match(await ask(context, { insecureSkipVerify: false, caCertPath: file('other.crt') }), /self-signed|unable to verify/);
    assert.match(await ask(context, { insecureSkipVerify: false }), /self-signed|unable to verify/);
  });

  test('we have a certificate of our own', async (context) => {
    assert.equal(await ask(context, { clientCertPath: file('other.crt'), clientKeyPath: file('other.key') }), 'hello 10.0.0.1');
  });

  test('a server without TLS is a problem', async (context) => {
    const port = await serve(context, (_request, response) => void response.end());
    const client = new MetricsClient({ origin: `https://127.0.0.1:${port}`, source: decodeMetricsSource({ scheme: 'https' }), maxBytes: 1000, timeoutMs: 5000 });
    context.after(() => client.destroy());
    assert.ok('problem' in (await new Promise<Answer>((resolve) => client.ask(resolve))));
  });
});
