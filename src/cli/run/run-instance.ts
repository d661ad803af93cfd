import { Instance } from '../../app/instance.ts';
import type { RunOptions } from '../commands/run.ts';
import { CliError, messageOf } from '../errors.ts';
import { createLog } from '../log.ts';
import { logChanges } from './change-log.ts';
import { onSignals, type Signals } from './signals.ts';
import { summary } from './summary.ts';

/** How long (ms) the summary waits for everything to be served before it tells what is missing. */
const readyMs = 15_000;
const pollMs = 50;

/** Runs an instance until it is told to stop. Throws a sentence when it cannot be started. */
export async function runInstance(options: RunOptions): Promise<void> {
  const log = createLog({ level: options.logLevel, format: options.logFormat });
  const accessLog = accessLogOf(options.accessLog);
  const instance = new Instance({
    paths: options.file,
    ...(options.envoy === undefined ? {} : { envoy: options.envoy }),
    ...(options.stateDir === undefined ? {} : { stateDir: options.stateDir }),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.admin === 'off' ? {} : { admin: options.admin }),
    ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
    ...(accessLog === undefined ? {} : { accessLog }),
    controllerNames: options.controllerName ?? [],
    log,
  });
  const signals = onSignals({ instance, log });
  try {
    // A start may take minutes, when Envoy is to be installed first: a signal does not wait for that.
    await Promise.race([instance.start(), signals.stopped]);
  } catch (error) {
    if (signals.stopping === undefined) {
      await instance.stop();
      throw new CliError(messageOf(error), { cause: error });
    }
  }
  await untilReady(instance, signals);
  if (signals.stopping === undefined) {
    // Access logs are for programs to read: nothing gets between them.
    (options.accessLog === '-' ? process.stderr : process.stdout).write(`${summary(instance.status())}\n`);
    logChanges({ instance, log, isOver: () => signals.stopping !== undefined });
  }
  await signals.stopped;
}

function accessLogOf(option: string): string | ((lines: Buffer) => void) | undefined {
  if (option === 'off') return undefined;
  return option === '-' ? (lines) => void process.stdout.write(lines) : option;
}

async function untilReady(instance: Instance, signals: Signals): Promise<void> {
  const end = performance.now() + readyMs;
  while (signals.stopping === undefined && performance.now() < end && instance.settling) {
    await new Promise((wake) => setTimeout(wake, pollMs));
  }
}
