import { policyStatus, type PolicyStatus } from './policy-status.ts';
import { holdsUnless, resolvedRefs, type Fault } from '../conditions.ts';
import type { GatewayState } from '../gateways/state.ts';
import type { TlsPolicies, TlsPolicy } from '../tls/tls-policy.ts';
import type { Condition } from '../../api/conditions.ts';
import type { BackendTLSTargetRef } from '../../api/types.ts';
import type { Read } from '../../reactive/collection.ts';

/** The status of a BackendTLSPolicy. `reach` gives the Gateways whose routes lead to a target. */
export function tlsPolicyStatus(
  read: Read,
  policy: TlsPolicy,
  { policies, reach }: { readonly policies: TlsPolicies; readonly reach: (ref: BackendTLSTargetRef) => readonly GatewayState[] },
): PolicyStatus {
  const targets = policy.targetRefs.map((ref) => ({ conflict: policies.conflict(read, policy, ref), gateways: reach(ref) }));
  return policyStatus(targets, (conflict) => conditionsOf(policy, conflict));
}

function conditionsOf({ generation, acceptedFault, refsFault }: TlsPolicy, conflict: Fault | undefined): Condition[] {
  const fault = conflict ?? acceptedFault;
  return [
    holdsUnless(fault, 'Accepted', { message: 'Policy is accepted', generation }),
    resolvedRefs(refsFault, generation),
  ];
}
