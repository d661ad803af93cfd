import { messageOf } from '../../util/error-message.ts';
import type { Log } from '../../util/log.ts';
import type { DrainTimes } from './command-lines.ts';
import { askEnvoy, openConnections } from './envoy-admin.ts';
import { readyPort, statsPort } from './ports.ts';

export interface DrainOptions extends DrainTimes {
  readonly adminPort: number;
  readonly log: Log;
  /** How often the connections are counted, in milliseconds. */
  readonly pollMs?: number;
  readonly now?: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** One question to Envoy may take this long. */
const answerMs = 2000;

/**
 * Has Envoy's clients leave, and resolves when they have, or when it took too long.
 *
 * Envoy goes on accepting: load balancers and kube-proxies learn only in the next seconds that the Pod ends. But every response tells
 * its client to go (`Connection: close`, GOAWAY), and health checks fail, by and by.
 */
export async function drainEnvoy(options: DrainOptions): Promise<void> {
  const { drainTimeoutMs, minDrainDurationMs, healthCheckFailureDelayMs, adminPort, log, pollMs = 250, now = () => performance.now(), sleep } = options;
  const began = now();
  const ask = (path: string): Promise<boolean> => askEnvoy('POST', path, { port: adminPort, timeoutMs: answerMs }).then(
    () => true,
    (error: unknown) => {
      log.warn({ reason: messageOf(error) }, 'Envoy could not be asked to drain; trying again');
      return false;
    },
  );
  let toldClients = false;
  let failedChecks = false;
  for (;;) {
    toldClients ||= await ask('/drain_listeners?graceful&skip_exit');
    if (now() - began >= healthCheckFailureDelayMs) failedChecks ||= await ask('/healthcheck/fail');
    const open = await openConnections({ port: adminPort, timeoutMs: answerMs, ownPorts: [statsPort, readyPort] }).catch(goneOrUnknown);
    const elapsedMs = Math.round(now() - began);
    if (open === 'gone') return log.warn({ elapsedMs }, 'Envoy is not running any more: there is nothing to drain');
    if (open === 0 && elapsedMs >= minDrainDurationMs) return log.info({ elapsedMs }, 'drained: no client is connected');
    if (elapsedMs >= drainTimeoutMs) return log.warn({ elapsedMs, connections: open }, 'clients are still connected, and the time is up');
    await sleep(pollMs);
  }
}

function goneOrUnknown(error: unknown): 'gone' | 'unknown' {
  return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? 'gone' : 'unknown';
}
