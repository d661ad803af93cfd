import type { ListenerState } from './state.ts';
import type { Fault } from '../conditions.ts';
import { intersect } from '../hostname.ts';

/**
 * Listeners whose TLS covers hosts of another listener on the port: a browser may reuse a connection for a host that
 * belongs elsewhere (and is told so with 421). The specification wants to see it in a condition, never to be refused.
 */
export function overlap(state: ListenerState, all: readonly ListenerState[]): Fault | undefined {
  if (!mayOverlap(state)) return undefined;
  const others = all.filter((other) => other !== state && other.port === state.port && mayOverlap(other));
  const byCertificate = others.find(({ certificateNames }) => certificateNames.some((name) => state.certificateNames.some((own) => meet(name, own))));
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
