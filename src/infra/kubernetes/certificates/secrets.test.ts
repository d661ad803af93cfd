import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { authoritySecret, readAuthorities, rotationAsked, ROTATE_ANNOTATION } from './authority-secret.ts';
import { issueLeaf, LEAF_DAYS } from './issue.ts';
import { proxySecret, proxySecretDue, proxySecretFault, type ProxyCertificate } from './proxy-secret.ts';
import { advance, firstAuthorities, type Authorities } from './rotation.ts';
import { valueOf, type Secret } from './secret.ts';

const DAY_MS = 86_400_000;
const now = Date.UTC(2026, 0, 1);
const name = { namespace: 'system', name: 'moongate-ca' };
const proxy: ProxyCertificate = { id: 'default/web', namespace: 'system', name: 'envoy-web-xds', labels: { app: 'web', instance: 'a wish' } };
const labels = { instance: 'system' };
let authorities: Authorities;
let during: Authorities;

const withData = (secret: Secret, data: Readonly<Record<string, string>>): Secret => ({
  ...secret,
  data: { ...secret.data, ...Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])) },
});

before(async () => {
  authorities = await firstAuthorities({ now });
  during = await advance(authorities, { now, settleMs: 1, unsettledAt: 0, asked: true });
});

describe('the Secret of the authorities', () => {
  it('says all that is known, in each phase of a rotation', () => {
    for (const each of [authorities, during]) {
      const secret = authoritySecret(name, each);
      assert.deepEqual(readAuthorities(secret, now + 1), each);
      assert.equal(secret.type, 'kubernetes.io/tls');
    }
    assert.deepEqual(Object.keys(authoritySecret(name, authorities).data ?? {}), ['ca.crt', 'tls.crt', 'tls.key']);
  });

  it('carries the wish for another authority until that is fulfilled', () => {
    const secret = authoritySecret(name, authorities);
    assert.equal(rotationAsked(secret), false);
    assert.equal(rotationAsked({ ...secret, metadata: { ...secret.metadata, annotations: { [ROTATE_ANNOTATION]: '' } } }), true);
  });

  it('may be made by somebody else, without annotations and with more in its bundle', () => {
    const { data, metadata, ...rest } = authoritySecret(name, authorities);
    const theirs = withData({ ...rest, metadata: { name: 'moongate-ca' }, data: data ?? {} }, { 'ca.crt': during.next?.cert ?? '' });
    assert.deepEqual(readAuthorities(theirs, now), { ...authorities, trusted: during.trusted, since: now });
    assert.equal(metadata.namespace, 'system');
  });

  it('is refused with the field and without its content when it cannot be read', async () => {
    const good = authoritySecret(name, during);
    const leaf = await issueLeaf(authorities.current, { now, days: 1, dnsNames: ['a'], usage: 'server' });
    const problems: readonly [Readonly<Record<string, string>>, string][] = [
      [{ 'tls.crt': 'x' }, 'tls.crt and tls.key: the certificate is not valid PEM'],
      [{ 'tls.key': 'secret' }, 'tls.crt and tls.key: the private key is not valid PEM'],
      [{ 'next.key': authorities.current.key }, 'next.crt and next.key: the private key does not belong to the certificate'],
      [{ 'tls.crt': leaf.cert, 'tls.key': leaf.key }, 'tls.crt is not a certificate of an authority'],
      [{ 'ca.crt': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' }, 'ca.crt is not a PEM bundle of certificates'],
    ];
    for (const [data, problem] of problems) assert.deepEqual(readAuthorities(withData(good, data), now), { problem });
    assert.deepEqual(readAuthorities({ ...good, data: {} }, now), { problem: 'tls.crt and tls.key: the certificate is not valid PEM' });
  });
});

describe('the Secret of a proxy', () => {
  it('has a certificate of the proxy, its key, and what it may trust', async () => {
    const secret = await proxySecret(undefined, proxy, { authorities, now, labels });
    assert.equal(proxySecretFault(secret, proxy, { authorities, now, labels }), undefined);
    assert.equal(valueOf(secret, 'ca.crt'), authorities.trusted);
    const certificate = new X509Certificate(valueOf(secret, 'tls.crt'));
    assert.equal(certificate.subjectAltName, 'URI:spiffe://moongate/proxy/default/web');
    assert.ok(certificate.verify(new X509Certificate(authorities.current.cert).publicKey));
    assert.deepEqual(secret.metadata.labels, {
      app: 'web',
      instance: 'system',
      'moongate.dev/certificate': 'proxy',
    });
  });

  it('is written anew when it is not as it should be, and only then', async () => {
    const secret = await proxySecret(undefined, proxy, { authorities, now, labels });
    const other = await proxySecret(undefined, { ...proxy, id: 'default/other' }, { authorities, now, labels });
    const next = during.next ?? authorities.current;
    const cases: readonly [reason: string, secret: Secret, proxy: ProxyCertificate, authorities: Authorities, now: number][] = [
      ['two thirds of its life are over', secret, proxy, authorities, now + 60 * DAY_MS],
      ['it has other names', other, proxy, authorities, now],
      ['other authorities are trusted', secret, proxy, during, now],
      ['it is of another authority', secret, proxy, { ...authorities, current: next }, now],
      ['its labels are others', secret, { ...proxy, labels: { app: 'api' } }, authorities, now],
      ['its annotations are others', secret, { ...proxy, annotations: { a: 'b' } }, authorities, now],
      ['its owner is another', secret, { ...proxy, ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: 'u' }] }, authorities, now],
      ['the private key is not valid PEM', withData(secret, { 'tls.key': '' }), proxy, authorities, now],
    ];
    for (const [reason, was, wanted, by, at] of cases) {
      assert.equal(proxySecretFault(was, wanted, { authorities: by, now: at, labels }), reason);
      const mended = await proxySecret(was, wanted, { authorities: by, now: at, labels });
      assert.equal(proxySecretFault(mended, wanted, { authorities: by, now: at, labels }), undefined, reason);
    }
    assert.equal(proxySecretFault(secret, proxy, { authorities, now: now + 59 * DAY_MS, labels }), undefined);
  });

  it('is not renewed again and again when its authority ends', async () => {
    const end = now + 3_650 * DAY_MS;
    const last = await proxySecret(undefined, proxy, { authorities, now: end - DAY_MS, labels });
    assert.equal(proxySecretFault(last, proxy, { authorities, now: end + DAY_MS, labels }), undefined);
    assert.equal(proxySecretDue(last, authorities), Number.POSITIVE_INFINITY);
  });

  it('keeps its certificate when only something else has to change', async () => {
    const secret = await proxySecret(undefined, proxy, { authorities, now, labels });
    const stored = { ...secret, metadata: { ...secret.metadata, resourceVersion: '7' } };
    const mended = await proxySecret(stored, proxy, { authorities: during, now, labels });
    assert.equal(valueOf(mended, 'tls.crt'), valueOf(secret, 'tls.crt'));
    assert.equal(valueOf(mended, 'ca.crt'), during.trusted);
    assert.equal(mended.metadata.resourceVersion, '7', 'so that nobody else is overwritten');
    assert.ok(Math.abs(proxySecretDue(mended, during) - (now + (LEAF_DAYS * DAY_MS * 2) / 3)) < DAY_MS);
  });
});
