import { setTimeout as sleep } from 'node:timers/promises';

import type { AdminClient } from './admin-client.ts';
import type { EnvoyProcess } from './envoy-process.ts';

/**
 * What the clients of a draining Envoy are doing.
 * - 'empty': no connection is open.
 * - 'idle': connections are open, but none has a request under way. Envoy tells a client to go away with a response, so a
 *   connection without requests would stay for ever.
 * - 'busy': a request is under way, or a connection is not HTTP and may be in the middle of anything.
 */
export type Clients = 'empty' | 'idle' | 'busy';

/** The stats that `clientsOf` looks at, as a filter for Envoy's admin interface. */
export const clientStats = '^(listener|http)\\..*\\.downstream_(cx|rq)_active$';

/** Judges the clients from Envoy's gauges; the admin interface's own connection does not count. */
export function clientsOf(stats: ReadonlyMap<string, number>): Clients {
  let connections = 0;
  let httpConnections = 0;
  let requests = 0;
  for (const [name, value] of stats) {
    if (/^(listener|http)\.admin\./.test(name) || /\.worker_\d+\./.test(name)) continue;
    if (name.startsWith('listener.')) connections += value;
    else if (name.endsWith('.downstream_cx_active')) httpConnections += value;
    else requests += value;
  }
  if (connections === 0) return 'empty';
  return requests === 0 && connections <= httpConnections ? 'idle' : 'busy';
}

/** Limits of stopping one Envoy, in milliseconds. */
export interface DrainLimits {
  /** Clients have this long to go away; 0 does not wait for them. */
  readonly timeoutMs: number;
  /** Connections without requests are given up after this long without any. */
  readonly idleMs: number;
  /** From SIGTERM to SIGKILL. */
  readonly killAfterMs: number;
}

export const drainDefaults: DrainLimits = { timeoutMs: 10_000, idleMs: 1000, killAfterMs: 5000 };

/** `hurry`, once aborted, ends the wait for clients. */
export interface DrainOptions extends DrainLimits {
  readonly how: 'graceful' | 'handover';
  readonly hurry: AbortSignal;
}

const pollMs = 50;

/** Asks the clients to leave, waits for that within the limits, and ends the process. Returns when it is gone. */
export async function drainAndStop(process: EnvoyProcess, admin: AdminClient, options: DrainOptions): Promise<void> {
  const over = new AbortController();
  const gone = process.exited.then(() => true);
  // The process may be no child of ours, whose end would not keep our event loop alive.
  const keepAlive = setInterval(() => {}, 1000);
  try {
    if (options.timeoutMs > 0 && !options.hurry.aborted) await waitForClients(gone, admin, options);
    process.signal('SIGTERM');
    const lateness = sleep(options.killAfterMs, false, { signal: over.signal }).catch(() => true);
    if (!(await Promise.race([gone, lateness]))) process.signal('SIGKILL');
    await gone;
  } finally {
    over.abort();
    clearInterval(keepAlive);
  }
}

async function waitForClients(gone: Promise<boolean>, admin: AdminClient, options: DrainOptions): Promise<void> {
  const deadline = performance.now() + options.timeoutMs;
  // An Envoy that cannot even be asked has no way to tell its clients anything.
  if (!(await admin.drain(options.how).then(() => true, () => false))) return;
  let busyAt = performance.now();
  while (performance.now() < deadline && !options.hurry.aborted) {
    const clients = await admin.stats(clientStats).then(clientsOf, () => 'busy');
    if (clients === 'empty') return;
    if (clients === 'busy') busyAt = performance.now();
    else if (performance.now() - busyAt >= options.idleMs) return;
    if (await Promise.race([gone, sleep(pollMs, false, { signal: options.hurry }).catch(() => false)])) return;
  }
}
