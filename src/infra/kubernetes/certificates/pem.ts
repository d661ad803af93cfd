import { X509Certificate } from 'node:crypto';

/** Authorities that a bundle may have; a rotation needs two. */
const MAX_AUTHORITIES = 16;

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The certificates of a PEM bundle, in its order, each once and written in one way. Throws when one cannot be read, or there are too many. */
export function certificatesIn(bundle: string): readonly string[] {
  const blocks = bundle.match(BLOCK) ?? [];
  if (blocks.length > MAX_AUTHORITIES) throw new Error(`more than ${MAX_AUTHORITIES} certificates`);
  return [...new Set(blocks.map((block) => new X509Certificate(block).toString()))];
}

/** The bundle of some certificates, each once. */
export function bundleOf(certificates: readonly string[]): string {
  return certificatesIn(certificates.join('\n')).join('');
}

/** When a certificate has to be renewed: two thirds of its life are over then. Milliseconds since 1970. */
export function renewalTime(cert: string): number {
  const { validFromDate, validToDate } = new X509Certificate(cert);
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()];
  return from + ((to - from) * 2) / 3;
}
