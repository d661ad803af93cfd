import type { CaCertificates } from './ca-certificates.ts';
import { unknownName } from './tls-names.ts';
import { tlsParameters } from './tls-parameters.ts';
import { at, joinFaults, type Fault } from '../conditions.ts';
import { certificateRef } from '../gateways/certificate-refs.ts';
import type { Certificates } from '../gateways/certificates.ts';
import type { Inputs } from '../inputs.ts';
import { missing } from '../missing.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import type { BackendTls as BackendTlsSpec } from '../../api/types.ts';
import type { BackendTls, ServerName, TlsParameters } from '../../ir/backend-tls.ts';
import { systemTrust } from '../../ir/trust-bundle.ts';
import type { Collection, Read } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

/** What `tls` of a Backend of Envoy Gateway comes to. Key: the Backend's. */
export interface ObjectTls {
  /** Without a policy. undefined: see `trustFault`. */
  readonly tls: BackendTls | undefined;
  readonly parameters: TlsParameters;
  /** Why nobody can be trusted, which a policy may make good. */
  readonly trustFault: Fault | undefined;
  /** Why it cannot be done at all. */
  readonly fault: Fault | undefined;
}

/** What the settings of Backends are judged by. */
interface TlsSources {
  readonly cas: CaCertificates;
  readonly certificates: Certificates;
}

/** The TLS settings of all Backends that have any. */
export function objectTls(graph: Graph, inputs: Inputs, from: TlsSources): Collection<ObjectTls> {
  return graph.derive('object-tls', inputs.resources.Backend, (backend, read): ObjectTls | undefined => {
    const { tls } = backend.object.spec;
    if (tls === undefined) return undefined;
    const { trustBundle, fault: trustFault } = trustOf(backend, read, from.cas);
    const certificate = certificateOf(backend, read, { inputs, certificates: from.certificates });
    const unknown = unknownName(tls);
    const faults = [...(certificate?.fault === undefined ? [] : [at('clientCertificateRef', certificate.fault)]), ...(unknown === undefined ? [] : [invalid(unknown)])];
    const parameters = tlsParameters(tls, certificate?.certificate);
    return {
      tls: trustFault === undefined ? { trustBundle, serverName: serverName(tls), subjects: [], parameters } : undefined,
      parameters,
      trustFault: trustFault && at('tls', trustFault),
      fault: joinFaults(faults.map((fault) => at('tls', fault))),
    };
  });
}

/** undefined without a fault: verification is switched off. */
function trustOf(
  { metadata, object }: ResourceOf<'Backend'>,
  read: Read,
  cas: CaCertificates,
): { readonly trustBundle?: string | undefined; readonly fault?: Fault | undefined } {
  const { caCertificateRefs = [], wellKnownCACertificates: known, insecureSkipVerify } = object.spec.tls ?? { insecureSkipVerify: false };
  if (insecureSkipVerify) return {};
  if (known === 'System') return { trustBundle: systemTrust };
  if (known !== undefined && known !== '') return { fault: invalid(`wellKnownCACertificates: ${known} is not supported, only System`) };
  if (caCertificateRefs.length === 0) return { fault: invalid('neither caCertificateRefs nor a BackendTLSPolicy says whom to trust') };
  const referrer = { group: 'gateway.envoyproxy.io', kind: 'Backend', namespace: metadata.namespace, invalidKind: 'InvalidKind' } as const;
  const { trust, faults } = cas.resolve(read, referrer, caCertificateRefs);
  return trust === undefined ? { fault: joinFaults(faults.map(({ message }) => at('caCertificateRefs', invalid(message)))) } : { trustBundle: trust };
}

function certificateOf(
  { metadata: { namespace }, object }: ResourceOf<'Backend'>,
  read: Read,
  { inputs, certificates }: { readonly inputs: Inputs; readonly certificates: Certificates },
): { readonly certificate?: string; readonly fault?: Fault } | undefined {
  const ref = object.spec.tls?.clientCertificateRef;
  if (ref === undefined) return undefined;
  if (ref.namespace !== undefined && ref.namespace !== namespace) return { fault: invalid('only a Secret of its own namespace can be used') };
  const found = certificateRef(ref, {
    kind: 'Backend',
    namespace,
    secret: (key) => read.get(certificates.secrets, key),
    missing: () => missing(read, inputs, { kind: 'Secret', namespace }),
    permitted: () => true,
  });
  return 'fault' in found ? { fault: invalid(found.fault.message) } : found;
}

/** Without a word the host of the request is sent. */
function serverName({ sni, autoSNIFromEndpointHostname }: BackendTlsSpec): ServerName {
  if (sni !== undefined) return { type: 'name', name: sni };
  return autoSNIFromEndpointHostname === true ? { type: 'endpoint' } : { type: 'host' };
}

/** Envoy Gateway's reason. */
function invalid(message: string): Fault {
  return { reason: 'InvalidBackendTLS', message };
}
