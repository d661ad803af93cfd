import { joinFaults, type Fault } from '../conditions.ts';
import { byAge, type GatewayState } from '../gateways/state.ts';
import type { Condition } from '../../api/conditions.ts';

/** `status` of a policy: an entry for each Gateway with routes to one of its targets. */
export interface PolicyStatus {
  readonly ancestors: readonly {
    readonly ancestorRef: { readonly group: string; readonly kind: string; readonly namespace: string; readonly name: string };
    readonly controllerName: string;
    readonly conditions: readonly Condition[];
  }[];
}

/** One of a policy's targets: what keeps the policy from being in force there, and the Gateways whose routes lead there. */
export interface PolicyTarget {
  readonly conflict: Fault | undefined;
  readonly gateways: readonly GatewayState[];
}

/** The status of a policy. `conditions` says what holds at a Gateway, given the conflicts about targets that it uses. */
export function policyStatus(targets: readonly PolicyTarget[], conditions: (conflict: Fault | undefined) => readonly Condition[]): PolicyStatus {
  const gateways = new Map(targets.flatMap((target) => target.gateways.map((gateway) => [gateway.key, gateway])));
  return {
    ancestors: [...gateways.values()].sort(byAge).map(({ key, namespace, name, controllerName }) => {
      const used = targets.filter((target) => target.gateways.some((gateway) => gateway.key === key));
      return {
        ancestorRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace, name },
        controllerName,
        conditions: conditions(joinFaults(used.flatMap(({ conflict }) => conflict ?? []))),
      };
    }),
  };
}
