import { condition, type Fault } from '../conditions.ts';
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
  const { generation } = gateway;
  const accepted = acceptedFault(gateway);
  const programmed = accepted === undefined || accepted.partial ? programmedFault(gateway, facts) : invalid(accepted.message);
  return {
    addresses: facts.proxy?.addresses ?? [],
    conditions: [
      condition('Accepted', accepted === undefined || accepted.partial, {
        reason: accepted?.reason ?? 'Accepted',
        message: accepted?.message ?? 'Gateway is accepted',
        generation,
      }),
      condition('Programmed', programmed === undefined, {
        reason: programmed?.reason ?? 'Programmed',
        message: programmed?.message ?? 'Envoy serves the configuration',
        generation,
      }),
    ],
    listeners: gateway.listeners.map((listener) => ({
      name: listener.name,
      supportedKinds: listener.supportedKinds,
      attachedRoutes: facts.attachedRoutes(listener.key),
      conditions: listenerConditions(listener, gateway, programmed),
    })),
  };
}

/** "Accepted=True with reason ListenersNotValid" when some listeners are valid, False when none is. */
function acceptedFault({ fault, listeners }: GatewayState): (Fault & { readonly partial: boolean }) | undefined {
  if (fault !== undefined) return { ...fault, partial: false };
  const bad = listeners.filter((listener) => !listener.serving);
  if (bad.length === 0) return undefined;
  const names = bad.map((listener) => `"${listener.name}"`).join(', ');
  return { reason: 'ListenersNotValid', message: `listeners not served: ${names}`, partial: bad.length < listeners.length };
}

function programmedFault(gateway: GatewayState, { proxy, rejection }: GatewayFacts): Fault | undefined {
  if (rejection !== undefined) return invalid(`Envoy refused the configuration: ${rejection}`);
  if (proxy === undefined) return { reason: 'Pending', message: `no proxy for Gateway ${gateway.key} is running yet` };
  if (!proxy.ready) return { reason: 'NoResources', message: proxy.message };
  if (proxy.addresses.length === 0) return { reason: 'AddressNotAssigned', message: 'no address yet' };
  return undefined;
}

function invalid(message: string): Fault {
  return { reason: 'Invalid', message };
}

function listenerConditions(listener: ListenerState, { generation }: GatewayState, programmed: Fault | undefined): Condition[] {
  const accepted = listener.acceptedFault ?? listener.conflict ?? listener.portFault;
  const fault = accepted ?? (listener.serving ? programmed : listener.refsFault);
  const conditions = [
    condition('Accepted', accepted === undefined, {
      reason: accepted?.reason ?? 'Accepted',
      message: accepted?.message ?? 'Listener is accepted',
      generation,
    }),
    condition('Programmed', fault === undefined, {
      reason: fault === undefined ? 'Programmed' : fault === programmed && fault.reason === 'Pending' ? 'Pending' : 'Invalid',
      message: fault?.message ?? 'Envoy serves the listener',
      generation,
    }),
    condition('ResolvedRefs', listener.refsFault === undefined, {
      reason: listener.refsFault?.reason ?? 'ResolvedRefs',
      message: listener.refsFault?.message ?? 'All references are resolved',
      generation,
    }),
    condition('Conflicted', listener.conflict !== undefined, {
      reason: listener.conflict?.reason ?? 'NoConflicts',
      message: listener.conflict?.message ?? 'No conflicts',
      generation,
    }),
  ];
  if (listener.overlap !== undefined) conditions.push(condition('OverlappingTLSConfig', true, { ...listener.overlap, generation }));
  return conditions;
}
