import type { GatewayVerdict } from './gateway-verdict.ts';
import { listenersOf, listenerStatus, type ListenerStatus } from './listener-conditions.ts';
import { condition, holdsUnless, type Fault } from '../conditions.ts';
import type { AttachedListenerSet, GatewayState } from '../gateways/state.ts';
import type { Condition } from '../../api/conditions.ts';

/** `status` of a ListenerSet. */
export interface ListenerSetStatus {
  readonly conditions: readonly Condition[];
  readonly listeners: readonly ListenerStatus[];
}

/** What the status of a ListenerSet depends on, beside its Gateway. */
export interface ListenerSetFacts {
  readonly generation: number;
  readonly verdict: GatewayVerdict;
  attachedRoutes(listener: string): number;
}

/** The status of a ListenerSet that names a Gateway of ours. */
export function listenerSetStatus(gateway: GatewayState, set: AttachedListenerSet, { generation, verdict, ...facts }: ListenerSetFacts): ListenerSetStatus {
  const { accepted, fault } = listenerSetAcceptance(gateway, set, verdict);
  const programmed = accepted ? verdict.programmed : fault;
  return {
    conditions: acceptedAndProgrammed({ accepted, fault, programmed, generation }),
    listeners: listenersOf(gateway, set.ref).map((listener) =>
      listenerStatus(listener, { generation, programmed: verdict.programmed, attachedRoutes: facts.attachedRoutes(listener.key) }),
    ),
  };
}

/** The status of a ListenerSet whose parent is not there, or not accepted by its class. */
export function orphanedListenerSetStatus(generation: number, message: string): ListenerSetStatus {
  const fault = { reason: 'ParentNotAccepted', message: `parentRef: ${message}` };
  return { conditions: acceptedAndProgrammed({ accepted: false, fault, programmed: fault, generation }), listeners: [] };
}

function acceptedAndProgrammed(about: {
  readonly accepted: boolean;
  readonly fault: Fault | undefined;
  readonly programmed: Fault | undefined;
  readonly generation: number;
}): Condition[] {
  const { accepted, fault, programmed, generation } = about;
  return [
    condition('Accepted', accepted, { reason: fault?.reason ?? 'Accepted', message: fault?.message ?? 'ListenerSet is accepted', generation }),
    holdsUnless(programmed, 'Programmed', { message: 'Envoy serves the listeners', generation }),
  ];
}

/** Accepted as long as one of its listeners can be served; the reason ListenersNotValid says that others cannot. */
export function listenerSetAcceptance(
  gateway: GatewayState,
  { fault, ref }: AttachedListenerSet,
  parent: Pick<GatewayVerdict, 'accepted'>,
): { readonly accepted: boolean; readonly fault: Fault | undefined } {
  if (fault !== undefined) return { accepted: false, fault };
  if (!parent.accepted) return { accepted: false, fault: { reason: 'ParentNotAccepted', message: `parentRef: Gateway ${gateway.key} is not accepted` } };
  const listeners = listenersOf(gateway, ref);
  const bad = listeners.filter(({ serving }) => !serving);
  if (bad.length === 0) return { accepted: true, fault: undefined };
  const names = bad.map(({ name }) => `"${name}"`).join(', ');
  return { accepted: bad.length < listeners.length, fault: { reason: 'ListenersNotValid', message: `Listeners not valid: ${names}` } };
}
