import { listenerConditions } from './listener-conditions.ts';
import { condition, joinFaults, type Fault } from '../conditions.ts';
import type { GatewayState, ListenerState } from '../gateways/state.ts';
import type { ProxyState } from '../inputs.ts';
import type { Condition } from '../../api/conditions.ts';

/** `status` of a Gateway. */
export interface GatewayStatus {
  readonly addresses: readonly { readonly type: string; readonly value: string }[];
  readonly conditions: readonly Condition[];
  readonly listeners: readonly {
    readonly name: string;
    readonly supportedKinds: readonly { readonly group: string; readonly kind: string }[];
    readonly attachedRoutes: number;
    readonly conditions: readonly Condition[];
  }[];
}

/** What a Gateway's status depends on, beside the Gateway. */
export interface GatewayFacts {
  /** undefined: no proxy runs yet. */
  readonly proxy: ProxyState | undefined;
  /** Envoy's words when it refused the listeners. */
  readonly rejection: string | undefined;
  attachedRoutes(listener: string): number;
}

/** The status of a Gateway and its listeners. */
export function gatewayStatus(gateway: GatewayState, facts: GatewayFacts): GatewayStatus {
  const { generation, listeners } = gateway;
  const { accepted, fault } = acceptance(gateway, facts.proxy?.parametersFault);
  const programmed = accepted ? programmedFault(gateway, facts) : invalid(fault?.message ?? '');
  const unresolved = joinFaults([gateway.upstreamTls.fault, unresolvedListeners(listeners)].filter((one) => one !== undefined));
  return {
    addresses: facts.proxy?.addresses ?? [],
    conditions: [
      condition('Accepted', accepted, {
        reason: fault?.reason ?? 'Accepted',
        message: fault?.message ?? 'Gateway is accepted',
        generation,
      }),
      condition('Programmed', programmed === undefined, {
        reason: programmed?.reason ?? 'Programmed',
        message: programmed?.message ?? 'Envoy serves the configuration',
        generation,
      }),
      condition('ResolvedRefs', unresolved === undefined, {
        reason: unresolved?.reason ?? 'ResolvedRefs',
        message: unresolved?.message ?? 'All references are resolved',
        generation,
      }),
    ],
    listeners: listeners.map((listener) => ({
      name: listener.name,
      supportedKinds: listener.supportedKinds,
      attachedRoutes: facts.attachedRoutes(listener.key),
      conditions: listenerConditions(listener, { generation, programmed }),
    })),
  };
}

/** The status of a Gateway of which nobody can say anything yet: its class is missing, or not accepted. */
export function pendingGatewayStatus(generation: number, message: string): Pick<GatewayStatus, 'conditions'> {
  const about = { reason: 'Pending', message, generation };
  return { conditions: [condition('Accepted', 'Unknown', about), condition('Programmed', 'Unknown', about)] };
}

/** "Accepted=True with reason ListenersNotValid" when some listeners are valid, False when none is. */
function acceptance({ fault, listeners }: GatewayState, parametersFault: string | undefined): { accepted: boolean; fault: Fault | undefined } {
  if (fault !== undefined) return { accepted: false, fault };
  if (parametersFault !== undefined) return { accepted: false, fault: { reason: 'InvalidParameters', message: parametersFault } };
  const bad = listeners.filter((l) => l.acceptedFault !== undefined || l.conflict !== undefined || l.portFault !== undefined);
  if (bad.length === 0) return { accepted: true, fault: undefined };
  return { accepted: bad.length < listeners.length, fault: { reason: 'ListenersNotValid', message: `Listeners not valid: ${names(bad)}` } };
}

function programmedFault({ key, listeners }: GatewayState, { proxy, rejection }: GatewayFacts): Fault | undefined {
  if (rejection !== undefined) return invalid(`Envoy refused the configuration: ${rejection}`);
  if (!listeners.some((listener) => listener.serving)) return invalid(`No listener can be served: ${names(listeners)}`);
  if (proxy === undefined) return { reason: 'Pending', message: `No proxy for Gateway ${key} is running yet` };
  const { unusable = [] } = proxy;
  if (unusable.length > 0) return { reason: 'AddressNotUsable', message: `Addresses that cannot be had: ${unusable.join(', ')}` };
  if (!proxy.ready) return { reason: 'NoResources', message: proxy.message };
  if (proxy.addresses.length === 0) return { reason: 'AddressNotAssigned', message: 'No address yet' };
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
