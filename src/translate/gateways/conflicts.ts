import type { ListenerState } from './state.ts';
import type { Fault } from '../conditions.ts';
import type { Transport } from '../../ir/listener.ts';

/** What a listener wants to have for itself. */
interface Claim {
  readonly name: string;
  readonly port: number;
  readonly transport: Transport;
  readonly protocol: string;
  /** `*` when none is given. */
  readonly hostname: string;
}

/**
 * The listeners of one object that cannot be told apart from another one on their port, by name. All of them are out: "The
 * implementation MUST NOT pick one conflicting Listener as the winner" (Gateway API, Gateway `listeners`). Listeners of
 * protocols that are not supported do not count: what is not served is in nobody's way.
 */
export function conflicts(listeners: readonly Claim[]): ReadonlyMap<string, Fault> {
  const faults = new Map<string, Fault>();
  for (const own of Map.groupBy(listeners, portOf).values()) {
    for (const listener of own) {
      const fault = own.filter((other) => other !== listener).map((other) => conflict(listener, other, `Listener "${other.name}"`)).find(Boolean);
      if (fault !== undefined) faults.set(listener.name, fault);
    }
  }
  return faults;
}

/** Listeners that stand together: those of one object. */
export interface ListenerGroup {
  /** What others are told of whose listeners these are. */
  readonly label: string;
  readonly listeners: readonly ListenerState[];
}

/**
 * The listeners of several objects on one proxy that are in the way of an object's with precedence, by key: that one wins, since its
 * author need not know of the others. `groups` are in order of precedence.
 */
export function conflictsBetween(groups: readonly ListenerGroup[]): ReadonlyMap<string, Fault> {
  const faults = new Map<string, Fault>();
  const winners = new Map<string, PortWinners>();
  for (const { label, listeners } of groups) {
    const own = listeners.filter((listener) => listener.acceptedFault === undefined && listener.conflict === undefined);
    const accepted = own.filter((listener) => {
      const there = winners.get(portOf(listener));
      // Those that share a port are of one protocol, or of two that go together: another one is in the way of the first as of all.
      const rivals = there === undefined ? [] : [there.first, there.byHostname.get(listener.hostname)];
      const fault = rivals.map((rival) => rival && conflict(listener, rival.claim, rival.who)).find(Boolean);
      if (fault !== undefined) faults.set(listener.key, fault);
      return fault === undefined;
    });
    for (const listener of accepted) {
      const winner: Winner = { claim: listener, who: `A listener of ${label}` };
      const there = winners.get(portOf(listener));
      if (there === undefined) winners.set(portOf(listener), { first: winner, byHostname: new Map([[listener.hostname, winner]]) });
      else there.byHostname.set(listener.hostname, winner);
    }
  }
  return faults;
}

interface Winner {
  readonly claim: Claim;
  readonly who: string;
}

/** The listeners that have a port. */
interface PortWinners {
  readonly first: Winner;
  readonly byHostname: Map<string, Winner>;
}

/** The listeners, those that are in the way of others with the conflict that takes them out. */
export function settled(listeners: readonly ListenerState[], conflicts: ReadonlyMap<string, Fault>): readonly ListenerState[] {
  if (conflicts.size === 0) return listeners;
  return listeners.map((listener) => {
    const conflict = conflicts.get(listener.key);
    return conflict === undefined ? listener : { ...listener, conflict, serving: false };
  });
}

function portOf({ port, transport }: Claim): string {
  return `${port} ${transport}`;
}

/** By what listeners of one port are told apart, by protocol. One that is not here has the port for itself. */
const discriminators: Readonly<Record<string, 'host' | 'server name'>> = { HTTP: 'host', HTTPS: 'server name', TLS: 'server name' };

/** Listeners of one port and transport: HTTPS and TLS can share it, told apart by server name. */
function conflict({ port, protocol, hostname }: Claim, other: Claim, who: string): Fault | undefined {
  const discriminator = discriminators[protocol];
  if (discriminator === undefined || discriminator !== discriminators[other.protocol]) {
    return { reason: 'ProtocolConflict', message: `${who} wants protocol ${other.protocol} on port ${port}` };
  }
  if (hostname !== other.hostname) return undefined;
  const host = hostname === '*' ? 'no hostname' : `hostname "${hostname}"`;
  return { reason: 'HostnameConflict', message: `${who} on port ${port} has ${host} too` };
}
