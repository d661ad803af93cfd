import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject, KeyPairKeyObjectResult } from 'node:crypto';

/** A certificate with its key, PEM. */
export interface CertificatePair {
  readonly chain: string;
  readonly privateKey: string;
}

/** A self-signed certificate for DNS names, and URIs: the least of X.509 (RFC 5280 §4.1) that a server can show. */
export function selfSigned(name: string, ...others: readonly string[]): CertificatePair {
  const { publicKey, privateKey } = newKeys();
  return { chain: certificate({ name, others, publicKey }, { name, privateKey }), privateKey: pem(privateKey) };
}

/** Signs certificates: whoever trusts its own trusts them. */
export interface CertificateAuthority {
  readonly certificate: string;
  issue(name: string): CertificatePair;
}

export function certificateAuthority(name: string): CertificateAuthority {
  const { publicKey, privateKey } = newKeys();
  const issuer = { name, privateKey };
  return {
    certificate: certificate({ name, others: [], publicKey, isAuthority: true }, issuer),
    issue: (subject) => {
      const own = newKeys();
      return { chain: certificate({ name: subject, others: [], publicKey: own.publicKey }, issuer), privateKey: pem(own.privateKey) };
    },
  };
}

interface Subject {
  readonly name: string;
  readonly others: readonly string[];
  readonly publicKey: KeyObject;
  readonly isAuthority?: boolean;
}

function certificate({ name, others, publicKey, isAuthority = false }: Subject, issuer: { readonly name: string; readonly privateKey: KeyObject }): string {
  const alternativeName = sequence(oid.subjectAlternativeName, der(0x04, sequence(...[name, ...others].map((each) => der(each.includes('://') ? 0x86 : 0x82, Buffer.from(each))))));
  const basicConstraints = sequence(oid.basicConstraints, der(0x04, sequence(der(0x01, Buffer.from([0xff])))));
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    sequence(oid.ecdsaWithSha256),
    distinguishedName(issuer.name),
    sequence(der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('490101000000Z'))),
    distinguishedName(name),
    publicKey.export({ format: 'der', type: 'spki' }),
    der(0xa3, sequence(alternativeName, ...(isAuthority ? [basicConstraints] : []))),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', toBeSigned, issuer.privateKey));
  const text = sequence(toBeSigned, sequence(oid.ecdsaWithSha256), signature).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${text.match(/.{1,64}/g)?.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function newKeys(): KeyPairKeyObjectResult {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function pem(privateKey: KeyObject): string {
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

function distinguishedName(name: string): Buffer {
  return sequence(der(0x31, sequence(oid.commonName, der(0x0c, Buffer.from(name)))));
}

const oid = {
  basicConstraints: Buffer.from('0603551d13', 'hex'),
  commonName: Buffer.from('0603550403', 'hex'),
  subjectAlternativeName: Buffer.from('0603551d11', 'hex'),
  ecdsaWithSha256: Buffer.from('06082a8648ce3d040302', 'hex'),
} as const;

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts);
}

/** Tag, length, content. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length: n } = content;
  const length = n < 0x80 ? [n] : n < 0x100 ? [0x81, n] : [0x82, n >> 8, n & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}
