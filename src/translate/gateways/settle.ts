import { conflicts, type ListenerGroup } from './conflicts.ts';
import { overlap } from './overlap.ts';
import type { GatewayState, ListenerState } from './state.ts';

/**
 * Judges the listeners of Gateways that share a proxy as far as they depend on each other. `gateways` are in order of precedence; the
 * result is by key of the Gateway.
 */
export function settle(gateways: readonly GatewayState[]): ReadonlyMap<string, readonly ListenerState[]> {
  const faults = conflicts(gateways.flatMap(groupsOf));
  return new Map(gateways.map((gateway) => {
    const listeners = gateway.listeners.map((listener) => {
      const conflict = faults.get(listener.key);
      return conflict === undefined ? listener : { ...listener, conflict, serving: false };
    });
    const byOwner = Map.groupBy(listeners, ({ owner }) => owner.ref);
    return [gateway.key, listeners.map((listener) => ({ ...listener, overlap: overlap(listener, byOwner.get(listener.owner.ref) ?? []) }))];
  }));
}

/** The listeners of a Gateway by the object that has them, in order of precedence. What others' listeners are called is nobody's business. */
function groupsOf({ key, listeners }: GatewayState): ListenerGroup[] {
  return [...Map.groupBy(listeners, ({ owner }) => owner.ref)].map(([ref, own]) => ({
    label: ref === `Gateway/${key}` ? `Gateway ${key}, which has precedence,` : 'a ListenerSet that has precedence',
    listeners: own,
  }));
}
