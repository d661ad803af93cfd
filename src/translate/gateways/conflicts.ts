import type { Fault } from '../conditions.ts';

interface Claim {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly hostname: string;
}

/** What shares a port: listeners of one group are told apart by hostname, listeners of two groups not at all. */
function protocolGroup(protocol: string): string {
  switch (protocol) {
    case 'HTTPS':
    case 'TLS':
      return 'TLS';
    case 'UDP':
      // UDP ports are not TCP ports: nothing to conflict with but UDP.
      return 'UDP';
    default:
      return protocol;
  }
}

/**
 * The listeners that cannot be told apart from another one on their port, by name. All of them are out: "an
 * implementation MUST NOT pick one conflicting Listener as the winner" (Gateway API, Gateway `listeners`).
 */
export function conflicts(listeners: readonly Claim[]): ReadonlyMap<string, Fault> {
  const faults = new Map<string, Fault>();
  for (const listener of listeners) {
    for (const other of listeners) {
      if (other === listener || other.port !== listener.port || faults.has(listener.name)) continue;
      const fault = conflict(listener, other);
      if (fault !== undefined) faults.set(listener.name, fault);
    }
  }
  return faults;
}

function conflict(listener: Claim, other: Claim): Fault | undefined {
  const group = protocolGroup(listener.protocol);
  const otherGroup = protocolGroup(other.protocol);
  if (group === 'UDP' || otherGroup === 'UDP') {
    if (group !== otherGroup) return undefined;
    return { reason: 'ProtocolConflict', message: `port ${listener.port} is also wanted by UDP listener "${other.name}"` };
  }
  if (group !== otherGroup) {
    return {
      reason: 'ProtocolConflict',
      message: `port ${listener.port} has protocol ${other.protocol} in listener "${other.name}"`,
    };
  }
  if (group === 'TCP') {
    return { reason: 'ProtocolConflict', message: `port ${listener.port} is also wanted by TCP listener "${other.name}"` };
  }
  if (listener.hostname !== other.hostname) return undefined;
  const host = listener.hostname === '*' ? 'no hostname' : `hostname "${listener.hostname}"`;
  return { reason: 'HostnameConflict', message: `listener "${other.name}" on port ${listener.port} has ${host} too` };
}
