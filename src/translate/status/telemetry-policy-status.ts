import { policyStatus, type PolicyStatus } from './policy-status.ts';
import { holdsUnless, resolvedRefs, type Fault } from '../conditions.ts';
import type { GatewayState } from '../gateways/state.ts';
import { isGateway, type TelemetryPolicies, type TelemetryPolicy } from '../telemetry/telemetry-policy.ts';
import type { Condition } from '../../api/conditions.ts';
import type { Read } from '../../reactive/collection.ts';

type TargetRef = TelemetryPolicy['targetRefs'][number];

/** What the status of an XTelemetryPolicy depends on, beside the policy. */
export interface TelemetryPolicyFacts {
  readonly policies: TelemetryPolicies;
  /** A target, if it is a Gateway of ours. */
  gateway(ref: TargetRef): GatewayState | undefined;
  /** What is wrong with a target that is none, if that is ours to say. */
  missing(ref: TargetRef): string | undefined;
  /** The name that stands for us where no Gateway tells one. */
  readonly controllerName: string;
}

/** The status of an XTelemetryPolicy: its ancestors are its targets. */
export function telemetryPolicyStatus(read: Read, policy: TelemetryPolicy, facts: TelemetryPolicyFacts): PolicyStatus {
  const targets = policy.targetRefs.map((ref) => ({ ref, gateway: isGateway(ref) ? facts.gateway(ref) : undefined }));
  const known = targets.flatMap(({ ref, gateway }) => (gateway === undefined ? [] : [{ conflict: facts.policies.conflict(read, policy, ref) ?? gateway.tracingFault, gateways: [gateway] }]));
  const { namespace } = policy;
  return {
    ancestors: [
      ...policyStatus(known, (conflict) => conditions(policy, conflict)).ancestors,
      ...targets.flatMap(({ ref, gateway }) => {
        const message = gateway === undefined ? facts.missing(ref) : undefined;
        if (message === undefined) return [];
        const { group, kind, name } = ref;
        const fault = { reason: 'TargetNotFound', message: `targetRefs: ${message}` };
        return [{ ancestorRef: { group, kind, namespace, name }, controllerName: facts.controllerName, conditions: conditions(policy, fault) }];
      }),
    ],
  };
}

function conditions({ acceptedFault, refsFault, omitted, generation }: TelemetryPolicy, conflict: Fault | undefined): Condition[] {
  const fault = conflict ?? acceptedFault;
  return [
    holdsUnless(fault, 'Accepted', { message: omitted === undefined ? 'Policy is accepted' : `Policy is accepted, but for ${omitted}`, generation }),
    resolvedRefs(refsFault, generation),
  ];
}
