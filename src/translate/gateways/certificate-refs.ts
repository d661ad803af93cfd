import type { TlsSecret } from './certificates.ts';
import type { Fault } from '../conditions.ts';
import type { GatewayListener } from '../../api/types.ts';

/** What references to certificates are judged by. */
export interface SecretAccess {
  /** Kind and namespace of the object that refers. */
  readonly kind: string;
  readonly namespace: string;
  secret(key: string): TlsSecret | undefined;
  /** What is to be said of a Secret that was not found there. */
  missing(namespace: string): string;
  /** Whether the object may use a Secret of another namespace. */
  permitted(to: { readonly namespace: string; readonly name: string }): boolean;
}

/** A reference to a certificate with its key. */
interface CertificateRef {
  readonly group: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** The keys of the certificates that are there and usable, and why the others are not. */
export function certificateRefs(listener: GatewayListener, access: SecretAccess): { certificates: string[]; faults: Fault[] } {
  const refs = listener.tls?.certificateRefs ?? [];
  const found = refs.map((ref) => certificateRef(ref, access));
  const certificates = found.flatMap((one) => ('certificate' in one ? [one.certificate] : []));
  const faults = found.flatMap((one) => ('fault' in one ? [one.fault] : []));
  if (refs.length === 0) faults.push({ reason: 'InvalidCertificateRef', message: 'tls.certificateRefs: an HTTPS listener needs a certificate' });
  return { certificates: [...new Set(certificates)], faults };
}

/** The key of the certificate that a reference leads to, or why it is of no use. */
export function certificateRef(
  { group, kind, namespace, name }: CertificateRef,
  access: SecretAccess,
): { readonly certificate: string } | { readonly fault: Fault } {
  const where = namespace ?? access.namespace;
  const key = `${where}/${name}`;
  if (group !== '' || kind !== 'Secret') {
    const what = group === '' ? kind : `${kind} of ${group}`;
    return { fault: { reason: 'InvalidCertificateRef', message: `${what} ${key}: only a Secret can hold a certificate` } };
  }
  if (!access.permitted({ namespace: where, name })) {
    const message = `Secret ${key}: no ReferenceGrant in namespace ${where} lets ${access.kind}s of ${access.namespace} use it`;
    return { fault: { reason: 'RefNotPermitted', message } };
  }
  const secret = access.secret(key);
  const problem = secret === undefined ? access.missing(where) : secret.problem;
  return problem === undefined ? { certificate: `Secret/${key}` } : { fault: { reason: 'InvalidCertificateRef', message: `Secret ${key} ${problem}` } };
}
