import { listenersOf, listenerStatus, type ListenerStatus } from './listener-conditions.ts';
import { gatewayVerdict, listenerNames, type VerdictFacts } from './gateway-verdict.ts';
import { listenerSetAcceptance } from './listener-set-status.ts';
import { condition, holdsUnless, joinFaults, resolvedRefs, type Fault } from '../conditions.ts';
import type { GatewayState, ListenerState } from '../gateways/state.ts';
import type { Condition } from '../../api/conditions.ts';

/** `status` of a Gateway. */
export interface GatewayStatus {
  readonly addresses: readonly { readonly type: string; readonly value: string; readonly routability?: string }[];
  readonly conditions: readonly Condition[];
  readonly listeners: readonly ListenerStatus[];
  /** Left out where no ListenerSet names the Gateway. */
  readonly attachedListenerSets?: number;
}

/** What a Gateway's status depends on, beside the Gateway. */
export interface GatewayFacts extends VerdictFacts {
  attachedRoutes(listener: string): number;
}

/** The status of a Gateway and its own listeners. */
export function gatewayStatus(gateway: GatewayState, facts: GatewayFacts): GatewayStatus {
  const { defaultScope, generation, insecureValidation } = gateway;
  const listeners = listenersOf(gateway, `Gateway/${gateway.key}`);
  const { accepted, fault, programmed } = gatewayVerdict(gateway, facts);
  const unresolved = joinFaults([gateway.upstreamTls.fault, unresolvedListeners(listeners)].filter((one) => one !== undefined));
  return {
    addresses: facts.proxy?.addresses ?? [],
    conditions: [
      condition('Accepted', accepted, {
        reason: fault?.reason ?? 'Accepted',
        message: fault?.message ?? 'Gateway is accepted',
        generation,
      }),
      holdsUnless(programmed, 'Programmed', { message: 'Envoy serves the configuration', generation }),
      resolvedRefs(unresolved, generation),
      ...(insecureValidation === undefined ? [] : [condition('InsecureFrontendValidationMode', true, { ...insecureValidation, generation })]),
      ...(defaultScope === undefined ? [] : [condition('DefaultGateway', true, { reason: 'DefaultGateway', message: `Gateway has default scope ${defaultScope}`, generation })]),
    ],
    listeners: listeners.map((listener) => listenerStatus(listener, { generation, programmed, attachedRoutes: facts.attachedRoutes(listener.key) })),
    ...(gateway.listenerSets.length > 0 && {
      attachedListenerSets: gateway.listenerSets.filter((set) => listenerSetAcceptance(gateway, set, { accepted }).accepted).length,
    }),
  };
}

/** The status of a Gateway of which nobody can say anything yet: its class is missing, or not accepted. */
export function pendingGatewayStatus(generation: number, message: string): Pick<GatewayStatus, 'conditions'> {
  const about = { reason: 'Pending', message, generation };
  return { conditions: [condition('Accepted', 'Unknown', about), condition('Programmed', 'Unknown', about)] };
}

/** The references of all listeners in one condition. */
function unresolvedListeners(listeners: readonly ListenerState[]): Fault | undefined {
  const bad = listeners.filter((listener) => listener.refsFault !== undefined);
  if (bad.length === 0) return undefined;
  return { reason: 'ListenersNotResolved', message: `Listeners with references that are not resolved: ${listenerNames(bad)}` };
}
