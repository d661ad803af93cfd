import type { TableState } from './gateways/ports.ts';
import type { GatewayState } from './gateways/state.ts';
import { bestMatch } from './hostname.ts';
import type { Attachment } from './routes/attachments.ts';

/** A route answers for a host at a listener; without a route, the listener merely claims the host. */
export interface HostEntry {
  readonly table: string;
  readonly domain: string;
  readonly listener: string;
  readonly route: { readonly key: string; readonly hostname: string } | undefined;
}

/** The key of a host's group. */
export function hostKey(table: string, domain: string): string {
  return `${table}|${domain}`;
}

/** The listener that a host belongs to: the most specific of the port that covers it. */
export function ownerOf({ owners }: Pick<TableState, 'owners'>, domain: string): string | undefined {
  const hostname = bestMatch(owners, domain);
  return hostname === undefined ? undefined : owners.get(hostname);
}

/**
 * A listener's own hostname is a host even before a route names it: without it a request would fall to a less specific
 * listener of the port, whose routes must not answer.
 */
export function hostClaims(gateway: GatewayState): [string, HostEntry][] {
  return gateway.listeners
    .filter((listener) => listener.serving)
    .map(({ table, hostname: domain, key: listener }) => [
      `${hostKey(table, domain)}|${listener}`,
      { table, domain, listener, route: undefined },
    ]);
}

/** The hosts that a route's places give it. Two parentRefs that lead to the same place count once. */
export function hostEntries(attached: readonly Attachment[], _read: unknown, route: string): [string, HostEntry][] {
  const entries = new Map<string, HostEntry>();
  for (const { placements } of attached) {
    for (const { table, listener, hosts } of placements) {
      for (const { domain, hostname } of hosts) {
        entries.set(`${hostKey(table, domain)}|${listener}|${route}`, { table, domain, listener, route: { key: route, hostname } });
      }
    }
  }
  return [...entries];
}
