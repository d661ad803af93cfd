import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Log } from '../../util/log.ts';
import type { DrainTimes } from './command-lines.ts';
import { drainEnvoy } from './drain-envoy.ts';
import { adminPort, drainedPath, healthPath, helperPort } from './ports.ts';

export interface ShutdownManagerOptions extends DrainTimes {
  /** Aborts when the Pod ends: the kubelet's SIGTERM. */
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly port?: number;
  readonly adminPort?: number;
  /** Hears on which port it listens. */
  readonly onListening?: (port: number) => void;
}

/** The kubelet asks once; strangers who hold connections must not keep it out. */
const maxConnections = 1024;

/**
 * The helper beside each Envoy: drains it when the Pod ends, and tells Envoy's preStop hook when that is done, so that the kubelet ends
 * Envoy no sooner. Resolves when everything is over.
 *
 *     kubelet ── SIGTERM ──────────────► helper ── drain, count connections ──► Envoy
 *     kubelet ── GET /shutdown/ready ──► helper        (Envoy's hook: answered after the drain, then SIGTERM for Envoy)
 */
export async function runShutdownManager(options: ShutdownManagerOptions): Promise<void> {
  const { signal, log } = options;
  const drained = Promise.withResolvers<void>();
  const server = serve(drained.promise);
  await listen(server, options.port ?? helperPort);
  const address = server.address();
  if (address !== null && typeof address === 'object') options.onListening?.(address.port);
  try {
    await aborted(signal);
    log.info({ drainTimeoutMs: options.drainTimeoutMs, minDrainDurationMs: options.minDrainDurationMs }, 'the Pod ends: Envoy is being drained');
    await drainEnvoy({ ...options, adminPort: options.adminPort ?? adminPort, sleep: (ms) => sleep(ms) });
  } finally {
    drained.resolve();
    await close(server);
  }
}

function serve(drained: Promise<void>): Server {
  const server = createServer((request, response) => {
    // Without this, a client that sends a body would have to be read to its end.
    response.setHeader('connection', 'close');
    const answer = (status: number): void => void response.writeHead(status).end();
    if (request.method !== 'GET') return answer(405);
    if (request.url === healthPath) return answer(200);
    if (request.url !== drainedPath) return answer(404);
    void drained.then(() => answer(200));
  });
  server.maxConnections = maxConnections;
  return server;
}

function listen(server: Server, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (cause) => reject(new Error(`the drain helper cannot listen on port ${port}: ${cause.message}`, { cause })));
  server.listen(port, resolve);
  return promise;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Lets answers that are under way get out; connections on which nobody asked anything are closed. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    const cutOff = setTimeout(() => server.closeAllConnections(), 1000);
    server.once('close', () => clearTimeout(cutOff));
  });
}
