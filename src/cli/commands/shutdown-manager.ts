import { Command } from 'commander';
import { ExitCode } from '../errors.ts';
import { createLog } from '../log.ts';
import { duration } from '../options.ts';

interface ShutdownManagerOptions {
  readonly drainTimeout: number;
  readonly minDrainDuration: number;
  readonly healthCheckFailureDelay: number;
}

export function shutdownManagerCommand(): Command {
  return new Command('shutdown-manager')
    .description('drain the Envoy of the same Pod before it ends; the controller has it run beside each Envoy')
    .option('--drain-timeout <duration>', 'how long open connections are waited for', duration, 60_000)
    .option('--min-drain-duration <duration>', 'how long to go on at least, so that all have heard that this Pod is going', duration, 10_000)
    .option('--health-check-failure-delay <duration>', 'how long after health checks begin to fail', duration, 0)
    .action(async ({ drainTimeout, minDrainDuration, healthCheckFailureDelay }: ShutdownManagerOptions) => {
      const { manageShutdown } = await import('../../app/manage-shutdown.ts');
      const end = new AbortController();
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end.abort());
      await manageShutdown({
        drainTimeoutMs: drainTimeout,
        minDrainDurationMs: minDrainDuration,
        healthCheckFailureDelayMs: healthCheckFailureDelay,
        signal: end.signal,
        log: createLog({ level: 'info', format: 'json' }),
      });
      process.exit(ExitCode.Ok);
    });
}
