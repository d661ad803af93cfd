import { X509Certificate } from 'node:crypto';
import { inspectCertificatePair } from '../../../util/certificate.ts';
import { issueLeaf, LEAF_DAYS, type KeyPair, type LeafOptions } from './issue.ts';
import { renewalTime } from './pem.ts';

/** Whom a leaf is for. */
export type LeafNames = Pick<LeafOptions, 'dnsNames' | 'uris' | 'usage'>;

/** Why a leaf has to be issued anew; undefined when it is good. `now` is milliseconds since 1970. */
export function leafFault(leaf: KeyPair, names: LeafNames, { authority, now }: { readonly authority: KeyPair; readonly now: number }): string | undefined {
  const { problem } = inspectCertificatePair(leaf.cert, leaf.key);
  if (problem !== undefined) return problem;
  const certificate = new X509Certificate(leaf.cert);
  const issuer = new X509Certificate(authority.cert);
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) return 'it is of another authority';
  if (certificate.subjectAltName !== alternativeNames(names)) return 'it has other names';
  if (now >= leafDue(leaf.cert, authority)) return 'two thirds of its life are over';
  return undefined;
}

/** When a leaf has to be renewed, milliseconds since 1970; never when it ends with its authority, since another one would not live longer. */
export function leafDue(cert: string, authority: KeyPair): number {
  const end = new X509Certificate(authority.cert).validToDate;
  return new X509Certificate(cert).validToDate >= end ? Number.POSITIVE_INFINITY : renewalTime(cert);
}

/** The leaf if it is good, or another. */
export async function goodLeaf(leaf: KeyPair | undefined, names: LeafNames, by: { readonly authority: KeyPair; readonly now: number }): Promise<KeyPair> {
  if (leaf !== undefined && leafFault(leaf, names, by) === undefined) return leaf;
  return issueLeaf(by.authority, { ...names, now: by.now, days: LEAF_DAYS });
}

/** As Node writes them; what we issue has nothing that it would put in quotes. */
function alternativeNames({ dnsNames = [], uris = [] }: LeafNames): string {
  return [...dnsNames.map((name) => `DNS:${name}`), ...uris.map((uri) => `URI:${uri}`)].join(', ');
}
