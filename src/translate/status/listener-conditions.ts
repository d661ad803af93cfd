import { condition, holdsUnless, resolvedRefs, type Fault } from '../conditions.ts';
import type { GatewayState, ListenerState } from '../gateways/state.ts';
import type { Condition } from '../../api/conditions.ts';
import type { ObjectRef } from '../../api/resource.ts';

/** An entry of `status.listeners` of a Gateway or ListenerSet. */
export interface ListenerStatus {
  readonly name: string;
  readonly supportedKinds: readonly { readonly group: string; readonly kind: string }[];
  readonly attachedRoutes: number;
  readonly conditions: readonly Condition[];
}

/** The listeners that an object has itself. */
export function listenersOf({ listeners }: GatewayState, owner: ObjectRef): readonly ListenerState[] {
  return listeners.filter((listener) => listener.owner.ref === owner);
}

/** The status of a listener. `programmed` is what keeps its Gateway from being programmed. */
export function listenerStatus(
  listener: ListenerState,
  about: { readonly generation: number; readonly programmed: Fault | undefined; readonly attachedRoutes: number },
): ListenerStatus {
  const { name, supportedKinds } = listener;
  return { name, supportedKinds, attachedRoutes: about.attachedRoutes, conditions: listenerConditions(listener, about) };
}

function listenerConditions(
  listener: ListenerState,
  { generation, programmed }: { readonly generation: number; readonly programmed: Fault | undefined },
): Condition[] {
  const { conflict, refsFault, overlap } = listener;
  const accepted = listener.acceptedFault ?? conflict ?? listener.portFault ?? listener.guardFault;
  const unserved = programmedFault(listener, accepted, programmed);
  const conditions = [
    holdsUnless(accepted, 'Accepted', { message: 'Listener is accepted', generation }),
    holdsUnless(unserved, 'Programmed', { message: 'Envoy serves the listener', generation }),
    resolvedRefs(refsFault, generation),
    condition('Conflicted', conflict !== undefined, {
      reason: conflict?.reason ?? 'NoConflicts',
      message: conflict?.message ?? 'No conflicts',
      generation,
    }),
  ];
  if (overlap !== undefined) conditions.push(condition('OverlappingTLSConfig', true, { ...overlap, generation }));
  return conditions;
}

/** A conflict is repeated as the reason, as the conformance suite has it; of the rest, the API knows Invalid and Pending. */
function programmedFault(listener: ListenerState, accepted: Fault | undefined, gateway: Fault | undefined): Fault | undefined {
  if (listener.conflict !== undefined && accepted === listener.conflict) return accepted;
  const fault = accepted ?? (listener.serving ? gateway : (listener.refsFault ?? gateway));
  if (fault === undefined) return undefined;
  return { reason: fault.reason === 'Pending' ? 'Pending' : 'Invalid', message: fault.message };
}
