import assert from 'node:assert/strict';
import { createPrivateKey, KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import { before, describe, it } from 'node:test';
import 'reflect-metadata';
import { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension, X509Certificate as Parsed, X509CertificateGenerator } from '@peculiar/x509';
import { proxyIdentity, serverNames } from './identity.ts';
import { AUTHORITY_DAYS, BACKDATED_MS, issueAuthority, issueLeaf, LEAF_DAYS, type KeyPair } from './issue.ts';

const DAY_MS = 86_400_000;
/** Certificates count seconds. */
const now = Date.UTC(2026, 0, 1);
let authority: KeyPair;

before(async () => {
  authority = await issueAuthority({ now, days: AUTHORITY_DAYS });
});

describe('an authority', () => {
  it('is self-signed, may sign leaves only, and is valid from a little before', () => {
    const certificate = new X509Certificate(authority.cert);
    assert.ok(certificate.checkIssued(certificate));
    assert.ok(certificate.verify(certificate.publicKey));
    assert.equal(certificate.validFromDate.getTime(), now - BACKDATED_MS);
    assert.equal(certificate.validToDate.getTime(), now + 3_650 * DAY_MS);
    const parsed = new Parsed(authority.cert);
    const { ca, pathLength } = parsed.getExtension(BasicConstraintsExtension) ?? {};
    assert.deepEqual({ ca, pathLength }, { ca: true, pathLength: 0 });
    assert.equal(parsed.getExtension(KeyUsagesExtension)?.usages, KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign);
  });

  it('has a P-256 key that is its own', () => {
    const key = createPrivateKey(authority.key);
    assert.equal(key.asymmetricKeyDetails?.namedCurve, 'prime256v1');
    assert.ok(new X509Certificate(authority.cert).checkPrivateKey(key));
  });

  it('is never called as another one is', async () => {
    const other = await issueAuthority({ now, days: 1 });
    assert.notEqual(new X509Certificate(other.cert).subject, new X509Certificate(authority.cert).subject);
    assert.notEqual(new X509Certificate(other.cert).serialNumber, new X509Certificate(authority.cert).serialNumber);
  });
});

describe('a leaf', () => {
  it('has the names and the one use that were asked for', async () => {
    const dnsNames = serverNames('xds.system.svc', 'cluster.local');
    const server = await issueLeaf(authority, { now, days: LEAF_DAYS, dnsNames, usage: 'server' });
    const certificate = new X509Certificate(server.cert);
    assert.equal(certificate.subjectAltName, 'DNS:xds.system, DNS:xds.system.svc, DNS:xds.system.svc.cluster.local');
    assert.deepEqual(serverNames('xds.example.com', 'cluster.local'), ['xds.example.com']);
    assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1']);
    assert.equal(certificate.ca, false);

    const proxy = await issueLeaf(authority, { now, days: LEAF_DAYS, uris: [proxyIdentity('default/web')], usage: 'client' });
    const { subjectAltName, keyUsage } = new X509Certificate(proxy.cert);
    assert.deepEqual({ subjectAltName, keyUsage }, { subjectAltName: 'URI:spiffe://moongate/proxy/default/web', keyUsage: ['1.3.6.1.5.5.7.3.2'] });
  });

  it('is issued by the authority, with a key of its own', async () => {
    const leaf = await issueLeaf(authority, { now, days: LEAF_DAYS, dnsNames: ['a'], usage: 'server' });
    const issuer = new X509Certificate(authority.cert);
    const certificate = new X509Certificate(leaf.cert);
    assert.ok(certificate.checkIssued(issuer));
    assert.ok(certificate.verify(issuer.publicKey));
    assert.ok(certificate.checkPrivateKey(createPrivateKey(leaf.key)));
    assert.equal(certificate.validToDate.getTime(), now + 90 * DAY_MS);
  });

  it('is valid no longer than the authority', async () => {
    const short = await issueAuthority({ now, days: 2 });
    const leaf = new X509Certificate((await issueLeaf(short, { now: now + DAY_MS, days: 90, dnsNames: ['a'], usage: 'server' })).cert);
    assert.equal(leaf.validToDate.getTime(), now + 2 * DAY_MS);
    const early = new X509Certificate((await issueLeaf(short, { now: now - DAY_MS, days: 90, dnsNames: ['a'], usage: 'server' })).cert);
    assert.equal(early.validFromDate.getTime(), now - BACKDATED_MS);
  });

  it('can be of an authority with another kind of key, as other tools make them', async () => {
    for (const [algorithm, form] of [
      [{ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2_048, publicExponent: new Uint8Array([1, 0, 1]) }, 'pkcs1'],
      [{ name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }, 'sec1'],
    ] as const) {
      const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const extensions = [new BasicConstraintsExtension(true, 0, true)];
      const certificate = await X509CertificateGenerator.createSelfSigned({ keys, extensions, name: 'CN=theirs', signingAlgorithm: algorithm });
      const theirs = { cert: certificate.toString('pem'), key: KeyObject.from(keys.privateKey).export({ type: form, format: 'pem' }).toString() };
      const leaf = new X509Certificate((await issueLeaf(theirs, { now: Date.now(), days: 1, dnsNames: ['a'], usage: 'server' })).cert);
      assert.ok(leaf.verify(new X509Certificate(theirs.cert).publicKey));
    }
  });

  it('has a name, and an authority that can be read; errors do not quote keys', async () => {
    const options = { now, days: 1, dnsNames: ['a'], usage: 'server' } as const;
    await assert.rejects(issueLeaf(authority, { now, days: 1, usage: 'client' }), /a client certificate needs a DNS name or a URI/);
    await assert.rejects(issueLeaf({ ...authority, cert: 'x' }, options), /the authority's certificate is not valid PEM/);
    for (const key of ['x', authority.key.slice(0, 100), authority.cert]) {
      const message = "the authority's private key is not one for RSA or ECDSA with P-256, P-384 or P-521";
      await assert.rejects(issueLeaf({ ...authority, key }, options), (error: Error) => error.message === message && error.cause === undefined);
    }
  });
});
