import type { ListenerState } from './state.ts';
import type { Fault } from '../conditions.ts';
import { intersect } from '../hostname.ts';

/**
 * Listeners whose TLS covers hosts of another listener on the port: a browser may reuse a connection for a host that
 * belongs elsewhere (and is told so with 421). The specification wants to see it in a condition, never to be refused.
 * `names` are those of a listener's certificates.
 */
export function overlap(
  state: ListenerState,
  all: readonly ListenerState[],
  names: (listener: ListenerState) => readonly string[],
): Fault | undefined {
  if (!mayOverlap(state)) return undefined;
  const others = all.filter((other) => other !== state && other.port === state.port && mayOverlap(other));
  const own = names(state);
  const byCertificate = others.find((other) => names(other).some((name) => own.some((ownName) => meet(name, ownName))));
  if (byCertificate !== undefined) {
    return { reason: 'OverlappingCertificates', message: `The certificates of listener "${byCertificate.name}" are for some of the same hosts` };
  }
  const byHostname = others.find((other) => meet(state.hostname, other.hostname));
  if (byHostname === undefined) return undefined;
  return { reason: 'OverlappingHostnames', message: `Listener "${byHostname.name}" is for some of the same hosts` };
}

function mayOverlap({ protocol, conflict, acceptedFault }: ListenerState): boolean {
  return protocol === 'HTTPS' && conflict === undefined && acceptedFault === undefined;
}

function meet(a: string, b: string): boolean {
  return intersect(a, b) !== undefined;
}
