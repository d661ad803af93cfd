import type { TlsSecret } from './certificates.ts';
import type { Fault } from '../conditions.ts';
import type { GatewayListener } from '../../api/types.ts';

/** What the references of a listener are judged by. */
export interface SecretAccess {
  /** Kind and namespace of the object that has the listener. */
  readonly kind: string;
  readonly namespace: string;
  secret(key: string): TlsSecret | undefined;
  /** What is to be said of a Secret that was not found there. */
  missing(namespace: string): string;
  /** Whether the object may use a Secret of another namespace. */
  permitted(to: { readonly namespace: string; readonly name: string }): boolean;
}

/** The keys of the certificates that are there and usable, and why the others are not. */
export function certificateRefs(listener: GatewayListener, access: SecretAccess): { certificates: string[]; faults: Fault[] } {
  const certificates: string[] = [];
  const faults: Fault[] = [];
  const refs = listener.tls?.certificateRefs ?? [];
  if (refs.length === 0) faults.push({ reason: 'InvalidCertificateRef', message: 'tls.certificateRefs: an HTTPS listener needs a certificate' });
  for (const { group, kind, namespace = access.namespace, name } of refs) {
    const key = `${namespace}/${name}`;
    if (group !== '' || kind !== 'Secret') {
      const what = group === '' ? kind : `${kind} of ${group}`;
      faults.push({ reason: 'InvalidCertificateRef', message: `${what} ${key}: only a Secret can hold a certificate` });
    } else if (!access.permitted({ namespace, name })) {
      const message = `Secret ${key}: no ReferenceGrant in namespace ${namespace} lets ${access.kind}s of ${access.namespace} use it`;
      faults.push({ reason: 'RefNotPermitted', message });
    } else {
      const secret = access.secret(key);
      const problem = secret === undefined ? access.missing(namespace) : secret.problem;
      if (problem === undefined) certificates.push(`Secret/${key}`);
      else faults.push({ reason: 'InvalidCertificateRef', message: `Secret ${key} ${problem}` });
    }
  }
  return { certificates: [...new Set(certificates)], faults };
}
