import type { CaCertificates } from './ca-certificates.ts';
import { joinFaults, type Fault } from '../conditions.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import { refOf, type ObjectRef } from '../../api/resource.ts';
import type { BackendTLSTargetRef } from '../../api/types.ts';
import type { BackendTls, Subject } from '../../ir/backend-tls.ts';
import { systemTrust } from '../../ir/trust-bundle.ts';
import type { Read } from '../../reactive/collection.ts';
import { byText, chain } from '../../util/compare.ts';

/** A BackendTLSPolicy, whatever uses its targets. Key: `namespace/name`. */
export interface TlsPolicy {
  readonly ref: ObjectRef;
  readonly key: string;
  readonly namespace: string;
  readonly createdAt: string;
  readonly generation: number;
  readonly targetRefs: readonly BackendTLSTargetRef[];
  /** undefined: it cannot be done, and nobody may connect to its targets. */
  readonly tls: BackendTls | undefined;
  /** Accepted=False. */
  readonly acceptedFault: Fault | undefined;
  /** ResolvedRefs=False. */
  readonly refsFault: Fault | undefined;
}

/** "The older policy by creation timestamp takes precedence", then "the policy appearing first in alphabetical order by {namespace}/{name}". */
export const byPrecedence: (a: TlsPolicy, b: TlsPolicy) => number = chain<TlsPolicy>(
  (a, b) => byText(a.createdAt, b.createdAt),
  (a, b) => byText(a.key, b.key),
);

/** Translates a policy without regard to others. */
export function tlsPolicy(policy: ResourceOf<'BackendTLSPolicy'>, read: Read, cas: CaCertificates): TlsPolicy {
  const { trust, ...faults } = trustOf(policy, read, cas);
  const { hostname, subjectAltNames = [] } = policy.object.spec.validation;
  return {
    ...identity(policy),
    tls: trust === undefined ? undefined : { trustBundle: trust, serverName: { type: 'name', name: hostname }, subjects: subjectAltNames.flatMap(subject), parameters: {} },
    ...faults,
  };
}

/** A policy that could not be translated for a reason of ours. */
export function brokenTlsPolicy(policy: ResourceOf<'BackendTLSPolicy'>, fault: Fault): TlsPolicy {
  return { ...identity(policy), tls: undefined, acceptedFault: fault, refsFault: undefined };
}

function identity(policy: ResourceOf<'BackendTLSPolicy'>): Omit<TlsPolicy, 'tls' | 'acceptedFault' | 'refsFault'> {
  const { key, metadata, object } = policy;
  const { namespace, generation, creationTimestamp: createdAt } = metadata;
  return { ref: refOf(policy), key, namespace, createdAt, generation, targetRefs: object.spec.targetRefs };
}

/** Connections are checked against the certificates that are valid. "If ALL CACertificateRefs are invalid … NoValidCACertificate". */
function trustOf(
  { metadata, object }: ResourceOf<'BackendTLSPolicy'>,
  read: Read,
  cas: CaCertificates,
): { trust: string | undefined } & Pick<TlsPolicy, 'acceptedFault' | 'refsFault'> {
  const { caCertificateRefs = [], wellKnownCACertificates: known } = object.spec.validation;
  if (known !== undefined && known !== '') {
    if (known === 'System') return { trust: systemTrust, acceptedFault: undefined, refsFault: undefined };
    const message = `validation.wellKnownCACertificates: ${known} is not supported, only System`;
    return { trust: undefined, acceptedFault: { reason: 'Invalid', message }, refsFault: undefined };
  }
  const referrer = { group: 'gateway.networking.k8s.io', kind: 'BackendTLSPolicy', namespace: metadata.namespace, invalidKind: 'InvalidKind' } as const;
  const { trust, faults } = cas.resolve(read, referrer, caCertificateRefs);
  const refsFault = joinFaults(faults.map(({ reason, message }) => ({ reason, message: `validation.caCertificateRefs: ${message}` })));
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
