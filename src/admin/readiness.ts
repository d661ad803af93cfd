import type { ProxyReport } from './report.ts';

/** What readiness depends on. */
export interface ReadinessFacts {
  /** What the program is busy with before it can serve at all. */
  readonly phase: string | undefined;
  /** Wanted ports, `proxy/port`, of which it is not known yet whether they can be had. */
  readonly unresolvedPorts: readonly string[];
  /** Gateways that get none of the ports that they want, each with what is said of one of them. */
  readonly portless: readonly { readonly gateway: string; readonly error: string }[];
  /** The wanted proxies; `open` names resources that are not ACKed. */
  readonly proxies: readonly (Pick<ProxyReport, 'id' | 'state' | 'message' | 'connected' | 'resources'> & { readonly open: readonly string[] })[];
}

/**
 * Why the program is not ready, a sentence each; none: files are read, ports are settled, every wanted Envoy is live and
 * has ACKed all it was sent, and every Gateway that wants ports has one. A bad object does not count: it is left out, and its
 * conditions say so; nor does one port of several.
 */
export function notReadyReasons({ phase, unresolvedPorts, portless, proxies }: ReadinessFacts): string[] {
  if (phase !== undefined) return [phase];
  return [
    ...unresolvedPorts.map((port) => `port ${port} is not settled yet`),
    ...portless.map(({ gateway, error }) => `Gateway ${gateway} is not served: ${error}`),
    ...proxies.flatMap(({ id, state, message, connected, resources, open }) => {
      if (state !== 'running') return [`Envoy of ${id} is not live: ${message ?? state}`];
      if (connected === 0) return [`Envoy of ${id} is not connected`];
      const behind = resources.total - resources.acked;
      return behind === 0 ? [] : [`Envoy of ${id} has not acknowledged ${behind} of ${resources.total} resources: ${open.join('; ')}`];
    }),
  ];
}
