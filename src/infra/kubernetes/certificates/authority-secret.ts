import { X509Certificate } from 'node:crypto';
import { inspectCertificatePair } from '../../../util/certificate.ts';
import type { KeyPair } from './issue.ts';
import { bundleOf } from './pem.ts';
import type { Authorities } from './rotation.ts';
import { tlsSecret, valueOf, type Secret } from './secret.ts';

/** Set by a user on the Secret, to whatever value: a new authority takes over. */
export const ROTATE_ANNOTATION = 'moongate.dev/rotate';
/** When the authorities came to be as they are. */
const SINCE_ANNOTATION = 'moongate.dev/rotation-since';

/**
 * The Secret that holds the authorities:
 *
 *     ca.crt              everything that is trusted
 *     tls.crt, tls.key    the authority that signs
 *     next.crt, next.key  during a rotation: the one that will
 */
export function authoritySecret(name: { readonly namespace: string; readonly name: string }, authorities: Authorities): Secret {
  const { current, next, trusted, since } = authorities;
  const coming = next === undefined ? {} : { 'next.crt': next.cert, 'next.key': next.key };
  const metadata = { ...name, annotations: { [SINCE_ANNOTATION]: new Date(since).toISOString() } };
  return tlsSecret(metadata, 'authority', { 'ca.crt': trusted, 'tls.crt': current.cert, 'tls.key': current.key, ...coming });
}

/** What a Secret says; or what is wrong with it, without what it contains. A Secret that does not say since when is as it is since `now`. */
export function readAuthorities(secret: Secret, now: number): Authorities | { readonly problem: string } {
  const current = readPair(secret, 'tls');
  if ('problem' in current) return current;
  const hasNext = valueOf(secret, 'next.crt') !== '' || valueOf(secret, 'next.key') !== '';
  const next = hasNext ? readPair(secret, 'next') : undefined;
  if (next !== undefined && 'problem' in next) return next;
  let trusted: string;
  try {
    trusted = bundleOf([current.cert, valueOf(secret, 'ca.crt'), next?.cert ?? '']);
  } catch {
    return { problem: 'ca.crt is not a PEM bundle of certificates' };
  }
  const since = Date.parse(secret.metadata.annotations?.[SINCE_ANNOTATION] ?? '');
  return { current, next, trusted, since: Number.isNaN(since) ? now : Math.min(since, now) };
}

/** Whether somebody asks for another authority. */
export function rotationAsked(secret: Secret): boolean {
  return secret.metadata.annotations?.[ROTATE_ANNOTATION] !== undefined;
}

function readPair(secret: Secret, prefix: 'tls' | 'next'): KeyPair | { readonly problem: string } {
  const [cert, key] = [valueOf(secret, `${prefix}.crt`), valueOf(secret, `${prefix}.key`)];
  const { problem } = inspectCertificatePair(cert, key);
  if (problem !== undefined) return { problem: `${prefix}.crt and ${prefix}.key: ${problem}` };
  return new X509Certificate(cert).ca ? { cert, key } : { problem: `${prefix}.crt is not a certificate of an authority` };
}
