import { condition, joinFaults } from '../conditions.ts';
import { byAge, type GatewayState } from '../gateways/state.ts';
import type { TlsPolicies, TlsPolicy } from '../tls/tls-policies.ts';
import type { Condition } from '../../api/conditions.ts';
import type { BackendTLSTargetRef } from '../../api/types.ts';
import type { Read } from '../../reactive/collection.ts';

/** `status` of a policy: an entry for each Gateway with routes to one of its targets. */
export interface PolicyStatus {
  readonly ancestors: readonly {
    readonly ancestorRef: { readonly group: string; readonly kind: string; readonly namespace: string; readonly name: string };
    readonly controllerName: string;
    readonly conditions: readonly Condition[];
  }[];
}

/** The status of a BackendTLSPolicy. `reach` gives the Gateways whose routes lead to a target. */
export function tlsPolicyStatus(
  read: Read,
  policy: TlsPolicy,
  { policies, reach }: { readonly policies: TlsPolicies; readonly reach: (ref: BackendTLSTargetRef) => readonly GatewayState[] },
): PolicyStatus {
  const targets = policy.targetRefs.map((ref) => ({ conflict: policies.conflict(read, policy, ref), gateways: reach(ref) }));
  const gateways = new Map(targets.flatMap((target) => target.gateways.map((gateway) => [gateway.key, gateway])));
  return {
    ancestors: [...gateways.values()].sort(byAge).map(({ key, namespace, name, controllerName }) => {
      const used = targets.filter((target) => target.gateways.some((gateway) => gateway.key === key));
      const conflict = joinFaults(used.flatMap((target) => target.conflict ?? []));
      return {
        ancestorRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace, name },
        controllerName,
        conditions: conditionsOf(policy, conflict),
      };
    }),
  };
}

function conditionsOf({ generation, acceptedFault, refsFault }: TlsPolicy, conflict: ReturnType<typeof joinFaults>): Condition[] {
  const fault = conflict ?? acceptedFault;
  return [
    condition('Accepted', fault === undefined, {
      reason: fault?.reason ?? 'Accepted',
      message: fault?.message ?? 'Policy is accepted',
      generation,
    }),
    condition('ResolvedRefs', refsFault === undefined, {
      reason: refsFault?.reason ?? 'ResolvedRefs',
      message: refsFault?.message ?? 'All references are resolved',
      generation,
    }),
  ];
}
