import { listenersOf } from './listener-conditions.ts';
import type { Fault } from '../conditions.ts';
import type { GatewayState, ListenerState } from '../gateways/state.ts';
import type { ProxyState } from '../inputs.ts';

/** What a verdict depends on, beside the Gateway. */
export interface VerdictFacts {
  /** undefined: no proxy runs yet. */
  readonly proxy: ProxyState | undefined;
  /** Envoy's words when it refused the listeners. */
  readonly rejection: string | undefined;
}

/** Whether a Gateway is accepted, and what keeps it from being programmed. */
export interface GatewayVerdict {
  readonly accepted: boolean;
  /** With `accepted`: some of its listeners are not. */
  readonly fault: Fault | undefined;
  readonly programmed: Fault | undefined;
}

/** Judges a Gateway, without the listeners of its ListenerSets: they cannot make it bad. */
export function gatewayVerdict(gateway: GatewayState, facts: VerdictFacts): GatewayVerdict {
  const { accepted, fault } = acceptance(gateway, facts.proxy?.parametersFault);
  return { accepted, fault, programmed: accepted ? programmedFault(gateway, facts) : invalid(fault?.message ?? '') };
}

/** "Accepted=True with reason ListenersNotValid" when some listeners are valid, False when none is. */
function acceptance(gateway: GatewayState, parametersFault: string | undefined): { accepted: boolean; fault: Fault | undefined } {
  const { fault } = gateway;
  const listeners = listenersOf(gateway, `Gateway/${gateway.key}`);
  if (fault !== undefined) return { accepted: false, fault };
  if (parametersFault !== undefined) return { accepted: false, fault: { reason: 'InvalidParameters', message: parametersFault } };
  const bad = listeners.filter((l) => l.acceptedFault !== undefined || l.conflict !== undefined || l.portFault !== undefined || l.guardFault !== undefined);
  if (bad.length === 0) return { accepted: true, fault: undefined };
  return { accepted: bad.length < listeners.length, fault: { reason: 'ListenersNotValid', message: `Listeners not valid: ${listenerNames(bad)}` } };
}

function programmedFault({ key, clusterAddresses, listeners }: GatewayState, { proxy, rejection }: VerdictFacts): Fault | undefined {
  if (rejection !== undefined) return invalid(`Envoy refused the configuration: ${rejection}`);
  if (!listeners.some((listener) => listener.serving)) return invalid(`No listener can be served: ${listenerNames(listeners)}`);
  if (proxy === undefined) return { reason: 'Pending', message: `No proxy for Gateway ${key} is running yet` };
  const { unusable = [] } = proxy;
  if (unusable.length > 0) return { reason: 'AddressNotUsable', message: `Addresses that cannot be had: ${unusable.join(', ')}` };
  if (!proxy.ready) return { reason: 'NoResources', message: proxy.message };
  const wanted = clusterAddresses?.only === true ? proxy.addresses : proxy.addresses.filter(({ routability }) => routability === undefined);
  if (wanted.length === 0) return { reason: 'AddressNotAssigned', message: 'No address yet' };
  return undefined;
}

/** Listeners in a sentence: `"http", "https"`. */
export function listenerNames(listeners: readonly ListenerState[]): string {
  return listeners.map((listener) => `"${listener.name}"`).join(', ');
}

function invalid(message: string): Fault {
  return { reason: 'Invalid', message };
}
