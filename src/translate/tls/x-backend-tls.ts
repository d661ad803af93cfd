import type { CaCertificates } from './ca-certificates.ts';
import { tlsValidation, type TlsValidation } from './tls-validation.ts';
import { at, joinFaults, type Fault } from '../conditions.ts';
import { certificateRef } from '../gateways/certificate-refs.ts';
import type { Certificates } from '../gateways/certificates.ts';
import type { Inputs } from '../inputs.ts';
import { missing } from '../missing.ts';
import type { ReferenceGrants } from '../reference-grants.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import type { Read } from '../../reactive/collection.ts';

/** What `tls` of an XBackend is judged by. */
export interface XBackendTlsSources {
  readonly inputs: Inputs;
  readonly cas: CaCertificates;
  readonly certificates: Certificates;
  readonly grants: ReferenceGrants;
}

const plainText: TlsValidation = { tls: undefined, acceptedFault: undefined, refsFault: undefined };

/** How the servers of an XBackend are spoken to securely (GEP-4894, `BackendTLS`), or that they are not, or why it cannot be done. */
export function xBackendTls(backend: ResourceOf<'XBackend'>, read: Read, from: XBackendTlsSources): TlsValidation {
  const { validation, clientCertificateRef: ref } = backend.object.spec.tls;
  // "Validation must be set if and only if mode is either ClientAndServer or ServerOnly": the API sees to it.
  if (validation === undefined) return plainText;
  const { namespace } = backend.metadata;
  const referrer = { group: 'gateway.networking.x-k8s.io', kind: 'XBackend', namespace };
  const found = tlsValidation(validation, read, { cas: from.cas, referrer: { ...referrer, invalidKind: 'InvalidKind' } });
  const shown = ref && certificateRef(ref, {
    kind: 'XBackend',
    namespace,
    secret: (key) => read.get(from.certificates.secrets, key),
    missing: (where) => missing(read, from.inputs, { kind: 'Secret', namespace: where }),
    permitted: (to) => from.grants.permits(read, referrer, { group: '', kind: 'Secret', ...to }),
  });
  const certificate = shown !== undefined && 'certificate' in shown ? shown.certificate : undefined;
  const certificateFault = shown !== undefined && 'fault' in shown ? at('clientCertificateRef', named(shown.fault)) : undefined;
  // Without the certificate that it is to show, the proxy would be turned away, or let in as somebody else.
  const acceptedFault = found.acceptedFault ?? certificateFault;
  const refsFault = joinFaults([found.refsFault ?? [], certificateFault ?? []].flat());
  return {
    tls: found.tls === undefined || acceptedFault !== undefined ? undefined : { ...found.tls, parameters: certificate === undefined ? {} : { certificate } },
    acceptedFault: acceptedFault && at('spec.tls', acceptedFault),
    refsFault: refsFault && at('spec.tls', refsFault),
  };
}

/** As a Gateway calls it for certificates that it shows. */
function named({ reason, message }: Fault): Fault {
  return { reason: reason === 'InvalidCertificateRef' ? 'InvalidClientCertificateRef' : reason, message };
}
