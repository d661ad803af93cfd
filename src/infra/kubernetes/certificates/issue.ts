import { createPrivateKey, webcrypto, type KeyObject } from 'node:crypto';
import 'reflect-metadata';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  type Extension,
} from '@peculiar/x509';

/** Days that an authority is valid: 10 years. */
export const AUTHORITY_DAYS = 3_650;
/** Days that a server's or a client's certificate is valid. */
export const LEAF_DAYS = 90;
/** How far (ms) the start of validity lies before the time of issue: clocks in a cluster differ. */
export const BACKDATED_MS = 5 * 60_000;

const DAY_MS = 86_400_000;
const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** A certificate and its private key (PKCS #8), both PEM. The key must never be printed. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** When something is issued (ms since 1970), and for how long. */
export interface Validity {
  readonly now: number;
  readonly days: number;
}

/** Whom a leaf is for: at least one name, and what it may be used as. */
export interface LeafOptions extends Validity {
  readonly dnsNames?: readonly string[];
  readonly uris?: readonly string[];
  readonly usage: 'server' | 'client';
}

/**
 * Makes an authority: a self-signed ECDSA P-256 certificate that may sign leaves only. Each has a subject of its own, so
 * that a verifier who trusts two during a rotation never tries the wrong one.
 */
export async function issueAuthority({ now, days }: Validity): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  const identifier = await SubjectKeyIdentifierExtension.create(keys.publicKey);
  const name = [{ O: ['Moongate'] }, { CN: [`Moongate xDS authority ${identifier.keyId.slice(0, 16)}`] }];
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    ...period({ now, days }),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      identifier,
    ],
  });
  return pem(certificate, keys.privateKey);
}

/** Issues a certificate with a new key. It never outlives the authority. Throws when the authority cannot be read. */
export async function issueLeaf(authority: KeyPair, options: LeafOptions): Promise<KeyPair> {
  const { dnsNames = [], uris = [], usage } = options;
  if (dnsNames.length + uris.length === 0) throw new Error(`a ${usage} certificate needs a DNS name or a URI`);
  const issuer = readCertificate(authority.cert);
  const signingKey = await readKey(authority.key);
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([usage === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth]),
    new SubjectAlternativeNameExtension([
      ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
      ...uris.map((value) => ({ type: 'url' as const, value })),
    ]),
    await SubjectKeyIdentifierExtension.create(keys.publicKey),
    await AuthorityKeyIdentifierExtension.create(issuer),
  ];
  const { notBefore, notAfter } = period(options);
  const certificate = await X509CertificateGenerator.create({
    // Names are in the alternative name, which has no limit of 64 characters.
    subject: [{ O: ['Moongate'] }, { CN: [`Moongate xDS ${usage}`] }],
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: { name: signingKey.algorithm.name, hash: 'SHA-256' },
    notBefore: notBefore < issuer.notBefore ? issuer.notBefore : notBefore,
    notAfter: notAfter > issuer.notAfter ? issuer.notAfter : notAfter,
    extensions,
  });
  return pem(certificate, keys.privateKey);
}

function period({ now, days }: Validity): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - BACKDATED_MS), notAfter: new Date(now + days * DAY_MS) };
}

async function pem(certificate: X509Certificate, privateKey: webcrypto.CryptoKey): Promise<KeyPair> {
  const key = await webcrypto.subtle.exportKey('pkcs8', privateKey);
  return { cert: `${certificate.toString('pem')}\n`, key: `${PemConverter.encode(key, PemConverter.PrivateKeyTag)}\n` };
}

function readCertificate(cert: string): X509Certificate {
  try {
    return new X509Certificate(cert);
  } catch {
    throw new Error("the authority's certificate is not valid PEM");
  }
}

/**
 * Ours are ECDSA P-256 in PKCS #8; an authority that somebody else made may have another curve, RSA, or another form.
 * What the parser says is left out: it may quote what it was given.
 */
async function readKey(key: string): Promise<webcrypto.CryptoKey> {
  try {
    const object = createPrivateKey(key);
    const der = object.export({ type: 'pkcs8', format: 'der' });
    return await webcrypto.subtle.importKey('pkcs8', der, algorithmOf(object), false, ['sign']);
  } catch {
    throw new Error("the authority's private key is not one for RSA or ECDSA with P-256, P-384 or P-521");
  }
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): webcrypto.EcKeyImportParams | webcrypto.RsaHashedImportParams {
  if (asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const curves: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };
  return { name: 'ECDSA', namedCurve: curves[asymmetricKeyDetails?.namedCurve ?? ''] ?? '' };
}
