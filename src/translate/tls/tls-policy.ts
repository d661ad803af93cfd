import type { CaCertificates } from './ca-certificates.ts';
import { tlsValidation, type TlsValidation } from './tls-validation.ts';
import type { Fault } from '../conditions.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import { refOf, type ObjectRef } from '../../api/resource.ts';
import type { BackendTLSTargetRef } from '../../api/types.ts';
import type { Read } from '../../reactive/collection.ts';
import { byText, chain } from '../../util/compare.ts';

/** A BackendTLSPolicy, whatever uses its targets. Key: `namespace/name`. */
export interface TlsPolicy extends TlsValidation {
  readonly ref: ObjectRef;
  readonly key: string;
  readonly namespace: string;
  readonly createdAt: string;
  readonly generation: number;
  readonly targetRefs: readonly BackendTLSTargetRef[];
}

/** "The older policy by creation timestamp takes precedence", then "the policy appearing first in alphabetical order by {namespace}/{name}". */
export const byPrecedence: (a: TlsPolicy, b: TlsPolicy) => number = chain<TlsPolicy>(
  (a, b) => byText(a.createdAt, b.createdAt),
  (a, b) => byText(a.key, b.key),
);

/** Translates a policy without regard to others. */
export function tlsPolicy(policy: ResourceOf<'BackendTLSPolicy'>, read: Read, cas: CaCertificates): TlsPolicy {
  const { metadata: { namespace }, object } = policy;
  const referrer = { group: 'gateway.networking.k8s.io', kind: 'BackendTLSPolicy', namespace, invalidKind: 'InvalidKind' } as const;
  return { ...identity(policy), ...tlsValidation(object.spec.validation, read, { cas, referrer }) };
}

/** A policy that could not be translated for a reason of ours. */
export function brokenTlsPolicy(policy: ResourceOf<'BackendTLSPolicy'>, fault: Fault): TlsPolicy {
  return { ...identity(policy), tls: undefined, acceptedFault: fault, refsFault: undefined };
}

function identity(policy: ResourceOf<'BackendTLSPolicy'>): Omit<TlsPolicy, keyof TlsValidation> {
  const { key, metadata, object } = policy;
  const { namespace, generation, creationTimestamp: createdAt } = metadata;
  return { ref: refOf(policy), key, namespace, createdAt, generation, targetRefs: object.spec.targetRefs };
}
