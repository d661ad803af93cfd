import type { GatewayState, ListenerState } from './state.ts';
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
 * The listeners that cannot be told apart from another one on their port, by name. All of them are out: "The
 * implementation MUST NOT pick one conflicting Listener as the winner" (Gateway API, Gateway `listeners`). Listeners of
 * protocols that are not supported do not count: what is not served is in nobody's way.
 */
export function conflicts(listeners: readonly Claim[]): ReadonlyMap<string, Fault> {
  const faults = new Map<string, Fault>();
  for (const own of Map.groupBy(listeners, ({ port, transport }) => `${port} ${transport}`).values()) {
    for (const listener of own) {
      const fault = own.filter((other) => other !== listener).map((other) => conflict(listener, other)).find(Boolean);
      if (fault !== undefined) faults.set(listener.name, fault);
    }
  }
  return faults;
}

/**
 * Listeners of Gateways that share a proxy which get in the way of an older Gateway's: the older one wins, since its author
 * need not know of the other. By listener key; `gateways` are sorted by age.
 */
export function conflictsBetween(gateways: readonly GatewayState[]): ReadonlyMap<string, Fault> {
  const faults = new Map<string, Fault>();
  const winners: (ListenerState & { readonly gateway: string })[] = [];
  for (const { key, fault, listeners } of gateways) {
    const own = fault === undefined ? listeners.filter((listener) => listener.acceptedFault === undefined && listener.conflict === undefined) : [];
    for (const listener of own) {
      const older = winners.find((winner) => winner.port === listener.port && winner.transport === listener.transport && conflict(listener, winner) !== undefined);
      const found = older && conflict(listener, older);
      if (found === undefined) continue;
      faults.set(listener.key, { reason: found.reason, message: `${found.message} (Gateway ${older?.gateway}, which is older)` });
    }
    winners.push(...own.filter((listener) => !faults.has(listener.key)).map((listener) => ({ ...listener, gateway: key })));
  }
  return faults;
}

/** By what listeners of one port are told apart, by protocol. One that is not here has the port for itself. */
const discriminators: Readonly<Record<string, 'host' | 'server name'>> = { HTTP: 'host', HTTPS: 'server name', TLS: 'server name' };

/** Listeners of one port and transport: HTTPS and TLS can share it, told apart by server name. */
function conflict({ port, protocol, hostname }: Claim, other: Claim): Fault | undefined {
  const discriminator = discriminators[protocol];
  if (discriminator === undefined || discriminator !== discriminators[other.protocol]) {
    return { reason: 'ProtocolConflict', message: `Listener "${other.name}" wants protocol ${other.protocol} on port ${port}` };
  }
  if (hostname !== other.hostname) return undefined;
  const host = hostname === '*' ? 'no hostname' : `hostname "${hostname}"`;
  return { reason: 'HostnameConflict', message: `Listener "${other.name}" on port ${port} has ${host} too` };
}
