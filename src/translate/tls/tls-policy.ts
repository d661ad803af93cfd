import type { CaCertificates } from './ca-certificates.ts';
import { tlsValidation, type TlsValidation } from './tls-validation.ts';
import { bugFault, type Fault } from '../conditions.ts';
import type { Inputs } from '../inputs.ts';
import { attachedPolicies, policyIdentity, type AttachedPolicies, type Policy } from '../policy-attachment.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import type { BackendTLSTargetRef } from '../../api/types.ts';
import type { Read } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

/** A BackendTLSPolicy, whatever uses its targets. Key: `namespace/name`. */
export interface TlsPolicy extends Policy<BackendTLSTargetRef>, TlsValidation {}

/** The BackendTLSPolicies, and which of them is in force where. A section is a port of a Service, by its name. */
export type TlsPolicies = AttachedPolicies<TlsPolicy>;

/** All policies. */
export function tlsPolicies(graph: Graph, { resources }: Inputs, cas: CaCertificates): TlsPolicies {
  const all = graph.derive('tls-policies', resources.BackendTLSPolicy, (policy, read) => tlsPolicy(policy, read, cas), {
    recover: (policy, error) => brokenTlsPolicy(policy, bugFault(error)),
  });
  return attachedPolicies('BackendTLSPolicy', all);
}

/** Translates a policy without regard to others. */
function tlsPolicy(policy: ResourceOf<'BackendTLSPolicy'>, read: Read, cas: CaCertificates): TlsPolicy {
  const { metadata: { namespace }, object } = policy;
  const referrer = { group: 'gateway.networking.k8s.io', kind: 'BackendTLSPolicy', namespace, invalidKind: 'InvalidKind' } as const;
  return { ...policyIdentity(policy), ...tlsValidation(object.spec.validation, read, { cas, referrer }) };
}

/** A policy that could not be translated for a reason of ours. */
function brokenTlsPolicy(policy: ResourceOf<'BackendTLSPolicy'>, fault: Fault): TlsPolicy {
  return { ...policyIdentity(policy), tls: undefined, acceptedFault: fault, refsFault: undefined };
}
