import type { CaCertificates, CaReferrer } from './ca-certificates.ts';
import { at, joinFaults, type Fault } from '../conditions.ts';
import type { BackendTLSValidation } from '../../api/types.ts';
import type { BackendTls, Subject } from '../../ir/backend-tls.ts';
import { systemTrust } from '../../ir/trust-bundle.ts';
import type { Read } from '../../reactive/collection.ts';

/** What `validation` of a BackendTLSPolicy comes to, or that of an XBackend, which is the same. */
export interface TlsValidation {
  /** undefined: it cannot be done, and nobody may be connected to. */
  readonly tls: BackendTls | undefined;
  /** Accepted=False. */
  readonly acceptedFault: Fault | undefined;
  /** ResolvedRefs=False. */
  readonly refsFault: Fault | undefined;
}

/** Says how servers are to prove who they are. */
export function tlsValidation(spec: BackendTLSValidation, read: Read, { cas, referrer }: { readonly cas: CaCertificates; readonly referrer: CaReferrer }): TlsValidation {
  const { trust, ...faults } = trustOf(spec, read, { cas, referrer });
  const { hostname, subjectAltNames = [] } = spec;
  const serverName = { type: 'name', name: hostname } as const;
  return { tls: trust === undefined ? undefined : { trustBundle: trust, serverName, subjects: subjectAltNames.flatMap(subject), parameters: {} }, ...faults };
}

/** Connections are checked against the certificates that are valid. "If ALL CACertificateRefs are invalid … NoValidCACertificate". */
function trustOf(
  { caCertificateRefs = [], wellKnownCACertificates: known }: BackendTLSValidation,
  read: Read,
  { cas, referrer }: { readonly cas: CaCertificates; readonly referrer: CaReferrer },
): { trust: string | undefined } & Omit<TlsValidation, 'tls'> {
  if (known !== undefined && known !== '') {
    if (known === 'System') return { trust: systemTrust, acceptedFault: undefined, refsFault: undefined };
    const message = `validation.wellKnownCACertificates: ${known} is not supported, only System`;
    return { trust: undefined, acceptedFault: { reason: 'Invalid', message }, refsFault: undefined };
  }
  const { trust, faults } = cas.resolve(read, referrer, caCertificateRefs);
  const refsFault = joinFaults(faults.map((fault) => at('validation.caCertificateRefs', fault)));
  const acceptedFault = trust === undefined ? { reason: 'NoValidCACertificate', message: refsFault?.message ?? 'validation.caCertificateRefs: none is given' } : undefined;
  return { trust, acceptedFault, refsFault };
}

function subject({ type, hostname = '', uri = '' }: { readonly type: string; readonly hostname?: string; readonly uri?: string }): Subject[] {
  switch (type) {
    case 'Hostname':
      return [{ type: 'dns', name: hostname }];
    case 'URI':
      return [{ type: 'uri', name: uri }];
    default:
      return [];
  }
}
