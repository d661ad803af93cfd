// The class library needs this, and says so when it is missing.
import 'reflect-metadata';
import { generateKeyPairSync, webcrypto } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BasicConstraintsExtension, ExtendedKeyUsage, ExtendedKeyUsageExtension, KeyUsageFlags, KeyUsagesExtension, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import type { JsonGeneralNames, X509Certificate } from '@peculiar/x509';
import type { AddressPlan } from '../network/address-plan.ts';

/** The files that the API server and those who talk to it are given. */
export interface Certificates {
  readonly ca: string;
  readonly serving: KeyPairFiles;
  /** The API server's own, with which it asks kubelets. */
  readonly kubeletClient: KeyPairFiles;
  /** With which it asks aggregated API servers, and the authority that they know it by. */
  readonly frontProxy: KeyPairFiles;
  readonly frontProxyCa: string;
  /** For tokens of service accounts. */
  readonly serviceAccounts: { readonly publicKey: string; readonly privateKey: string };
}

export interface KeyPairFiles {
  readonly certificate: string;
  readonly key: string;
}

interface Authority {
  readonly certificate: X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const validMs = 7 * 24 * 60 * 60 * 1000;
/** Machines whose clocks differ a little trust each other. */
const skewMs = 60 * 60 * 1000;

/** Makes all certificates and keys of a cluster in a folder. */
export async function createCertificates(dir: string, plan: AddressPlan): Promise<Certificates> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const ca = await authority('moongate-test-cluster');
  const frontCa = await authority('moongate-test-cluster-front-proxy');
  const write = async (name: string, content: string): Promise<string> => {
    const path = join(dir, name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  const pair = async (name: string, made: { certificate: X509Certificate; keys: webcrypto.CryptoKeyPair }): Promise<KeyPairFiles> => ({
    certificate: await write(`${name}.crt`, `${made.certificate.toString('pem')}\n`),
    key: await write(`${name}.key`, await privateKeyPem(made.keys)),
  });
  const tokens = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const names = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local', 'localhost'];
  const addresses = [plan.controlPlane, plan.kubernetesService, '127.0.0.1'];
  return {
    ca: await write('ca.crt', `${ca.certificate.toString('pem')}\n`),
    serving: await pair('apiserver', await issue(ca, {
      subject: 'CN=kube-apiserver',
      usage: ExtendedKeyUsage.serverAuth,
      names: [...names.map((value) => ({ type: 'dns', value } as const)), ...addresses.map((value) => ({ type: 'ip', value } as const))],
    })),
    kubeletClient: await pair('kubelet-client', await issue(ca, { subject: 'O=system:masters, CN=kube-apiserver-kubelet-client', usage: ExtendedKeyUsage.clientAuth })),
    frontProxy: await pair('front-proxy', await issue(frontCa, { subject: 'CN=front-proxy-client', usage: ExtendedKeyUsage.clientAuth })),
    frontProxyCa: await write('front-proxy-ca.crt', `${frontCa.certificate.toString('pem')}\n`),
    serviceAccounts: {
      publicKey: await write('sa.pub', tokens.publicKey.export({ format: 'pem', type: 'spki' }).toString()),
      privateKey: await write('sa.key', tokens.privateKey.export({ format: 'pem', type: 'sec1' }).toString()),
    },
  };
}

async function authority(name: string): Promise<Authority> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: `CN=${name}`,
    ...validity(),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new BasicConstraintsExtension(true, undefined, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature, true)],
  });
  return { certificate, keys };
}

async function issue(by: Authority, { subject, usage, names = [] }: { subject: string; usage: string; names?: JsonGeneralNames }): Promise<Authority> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: by.certificate.subject,
    ...validity(),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: by.keys.privateKey,
    extensions: [
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
      new ExtendedKeyUsageExtension([usage]),
      ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
    ],
  });
  return { certificate, keys };
}

function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - skewMs), notAfter: new Date(now + validMs) };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function privateKeyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.match(/.{1,64}/g)?.join('\n')}\n-----END PRIVATE KEY-----\n`;
}
