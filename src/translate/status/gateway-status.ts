import { listenersOf, listenerStatus, type ListenerStatus } from './listener-conditions.ts';
import { listenerSetAcceptance } from './listener-set-status.ts';
import { condition, holdsUnless, joinFaults, resolvedRefs, type Fault } from '../conditions.ts';
import type { GatewayState, ListenerState } from '../gateways/state.ts';
import type { ProxyState } from '../inputs.ts';
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
export interface GatewayFacts {
  /** undefined: no proxy runs yet. */
  readonly proxy: ProxyState | undefined;
  /** Envoy's words when it refused the listeners. */
  readonly rejection: string | undefined;
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

/** Whether a Gateway is accepted, and what keeps it from being programmed. */
export interface GatewayVerdict {
  readonly accepted: boolean;
  /** With `accepted`: some of its listeners are not. */
  readonly fault: Fault | undefined;
  readonly programmed: Fault | undefined;
}

/** Judges a Gateway, without the listeners of its ListenerSets: they cannot make it bad. */
export function gatewayVerdict(gateway: GatewayState, facts: Pick<GatewayFacts, 'proxy' | 'rejection'>): GatewayVerdict {
  const { accepted, fault } = acceptance(gateway, facts.proxy?.parametersFault);
  return { accepted, fault, programmed: accepted ? programmedFault(gateway, facts) : invalid(fault?.message ?? '') };
}

/** The status of a Gateway of which nobody can say anything yet: its class is missing, or not accepted. */
export function pendingGatewayStatus(generation: number, message: string): Pick<GatewayStatus, 'conditions'> {
  const about = { reason: 'Pending', message, generation };
  return { conditions: [condition('Accepted', 'Unknown', about), condition('Programmed', 'Unknown', about)] };
}

/** "Accepted=True with reason ListenersNotValid" when some listeners are valid, False when none is. */
function acceptance(gateway: GatewayState, parametersFault: string | undefined): { accepted: boolean; fault: Fault | undefined } {
  const { fault } = gateway;
  const listeners = listenersOf(gateway, `Gateway/${gateway.key}`);
  if (fault !== undefined) return { accepted: false, fault };
  if (parametersFault !== undefined) return { accepted: false, fault: { reason: 'InvalidParameters', message: parametersFault } };
  const bad = listeners.filter((l) => l.acceptedFault !== undefined || l.conflict !== undefined || l.portFault !== undefined || l.guardFault !== undefined);
  if (bad.length === 0) return { accepted: true, fault: undefined };
  return { accepted: bad.length < listeners.length, fault: { reason: 'ListenersNotValid', message: `Listeners not valid: ${names(bad)}` } };
}

function programmedFault({ key, clusterAddresses, listeners }: GatewayState, { proxy, rejection }: Pick<GatewayFacts, 'proxy' | 'rejection'>): Fault | undefined {
  if (rejection !== undefined) return invalid(`Envoy refused the configuration: ${rejection}`);
  if (!listeners.some((listener) => listener.serving)) return invalid(`No listener can be served: ${names(listeners)}`);
  if (proxy === undefined) return { reason: 'Pending', message: `No proxy for Gateway ${key} is running yet` };
  const { unusable = [] } = proxy;
  if (unusable.length > 0) return { reason: 'AddressNotUsable', message: `Addresses that cannot be had: ${unusable.join(', ')}` };
  if (!proxy.ready) return { reason: 'NoResources', message: proxy.message };
  const wanted = clusterAddresses?.only === true ? proxy.addresses : proxy.addresses.filter(({ routability }) => routability === undefined);
  if (wanted.length === 0) return { reason: 'AddressNotAssigned', message: 'No address yet' };
  return undefined;
}

/** The references of all listeners in one condition. */
function unresolvedListeners(listeners: readonly ListenerState[]): Fault | undefined {
  const bad = listeners.filter((listener) => listener.refsFault !== undefined);
  if (bad.length === 0) return undefined;
  return { reason: 'ListenersNotResolved', message: `Listeners with references that are not resolved: ${names(bad)}` };
}

function names(listeners: readonly ListenerState[]): string {
  return listeners.map((listener) => `"${listener.name}"`).join(', ');
}

function invalid(message: string): Fault {
  return { reason: 'Invalid', message };
}
