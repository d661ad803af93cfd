import { policyStatus, type PolicyStatus } from './policy-status.ts';
import { holdsUnless } from '../conditions.ts';
import type { GatewayState } from '../gateways/state.ts';
import type { TrafficPolicies, TrafficPolicy } from '../traffic/traffic-policy.ts';
import type { Read } from '../../reactive/collection.ts';

/** The status of an XBackendTrafficPolicy. `reach` gives the Gateways whose routes lead to a target. */
export function trafficPolicyStatus(
  read: Read,
  policy: TrafficPolicy,
  { policies, reach }: { readonly policies: TrafficPolicies; readonly reach: (ref: TrafficPolicy['targetRefs'][number]) => readonly GatewayState[] },
): PolicyStatus {
  const targets = policy.targetRefs.map((ref) => ({ conflict: policies.conflict(read, policy, ref), gateways: reach(ref) }));
  return policyStatus(targets, (conflict) => {
    const fault = conflict ?? policy.acceptedFault;
    const { generation } = policy;
    return [holdsUnless(fault, 'Accepted', { message: 'Policy is accepted', generation })];
  });
}
