import type { ListenerState } from './state.ts';
import type { Fault } from '../conditions.ts';

/** Listeners that stand together: those of one object. */
export interface ListenerGroup {
  /** What others are told of whose listeners these are. */
  readonly label: string;
  readonly listeners: readonly ListenerState[];
}

/** The listeners that have a port, by hostname: one each. All of them are told apart by the same thing. */
type Holders = Map<string, { readonly listener: ListenerState; readonly who: string }>;

/**
 * The listeners of a proxy that are in the way of others on their port, by key. `groups` are the objects that have them, in order of
 * precedence.
 *
 * Of two objects the one with precedence wins, since its author need not know of the other. Within one object nobody does: "The
 * implementation MUST NOT pick one conflicting Listener as the winner" (Gateway API, Gateway `listeners`). Listeners of protocols
 * that are not supported do not count: what is not served is in nobody's way.
 */
export function conflicts(groups: readonly ListenerGroup[]): ReadonlyMap<string, Fault> {
  const faults = new Map<string, Fault>();
  const ports = new Map<string, Holders>();
  for (const { label, listeners } of groups) {
    const candidates = listeners.filter(({ acceptedFault }) => acceptedFault === undefined);
    for (const [port, all] of Map.groupBy(candidates, ({ port: number, transport }) => `${number} ${transport}`)) {
      const holders: Holders = ports.get(port) ?? new Map();
      ports.set(port, holders);
      const own = all.filter((listener) => noted(faults, listener, withHolder(listener, holders)));
      const accepted = own.filter((listener) => noted(faults, listener, withinObject(listener, own)));
      for (const listener of accepted) holders.set(listener.hostname, { listener, who: `A listener of ${label}` });
    }
  }
  return faults;
}

/** Whether there is no fault; one that there is is kept. */
function noted(faults: Map<string, Fault>, { key }: ListenerState, fault: Fault | undefined): boolean {
  if (fault !== undefined) faults.set(key, fault);
  return fault === undefined;
}

function withHolder(listener: ListenerState, holders: Holders): Fault | undefined {
  const [any] = holders.values();
  if (any === undefined) return undefined;
  const { listener: other, who } = holders.get(listener.hostname) ?? any;
  return conflict(listener, other, who);
}

function withinObject(listener: ListenerState, own: readonly ListenerState[]): Fault | undefined {
  const others = own.filter((other) => other !== listener);
  return others.map((other) => conflict(listener, other, `Listener "${other.name}"`)).find((fault) => fault !== undefined);
}

/** By what listeners of one port are told apart, by protocol. One that is not here has the port for itself. */
const discriminators: Readonly<Record<string, 'host' | 'server name'>> = { HTTP: 'host', HTTPS: 'server name', TLS: 'server name' };

/** Listeners of one port and transport: HTTPS and TLS can share it, told apart by server name. */
function conflict({ port, protocol, hostname }: ListenerState, other: ListenerState, who: string): Fault | undefined {
  const discriminator = discriminators[protocol];
  if (discriminator === undefined || discriminator !== discriminators[other.protocol]) {
    return { reason: 'ProtocolConflict', message: `${who} wants protocol ${other.protocol} on port ${port}` };
  }
  if (hostname !== other.hostname) return undefined;
  const host = hostname === '*' ? 'no hostname' : `hostname "${hostname}"`;
  return { reason: 'HostnameConflict', message: `${who} on port ${port} has ${host} too` };
}
