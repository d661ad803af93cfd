import { resolve } from 'node:path';
import { Instance } from '../../app/instance.ts';
import { CliError, messageOf } from '../errors.ts';
import { createLog } from '../log.ts';
import { print } from '../output.ts';
import type { RunOptions } from '../commands/run.ts';
import { onSignals } from './signals.ts';
import { summary } from './summary.ts';

/** How long (ms) the summary waits for everything to be served before it tells what is missing. */
const readyMs = 15_000;
const pollMs = 50;

/** Runs an instance until it is told to stop. Throws a sentence when it cannot be started. */
export async function runInstance(options: RunOptions): Promise<boolean> {
  const log = createLog({ level: options.logLevel, format: options.logFormat });
  const accessLogPath = options.accessLog === 'off' ? undefined : resolve(options.accessLog);
  const instance = new Instance({
    paths: options.file,
    ...(options.envoy === undefined ? {} : { envoy: options.envoy }),
    ...(options.stateDir === undefined ? {} : { stateDir: options.stateDir }),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.admin === undefined ? {} : { admin: options.admin }),
    ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
    ...(accessLogPath === undefined ? {} : { accessLogPath }),
    controllerNames: options.controllerName ?? [],
    log,
  });
  const signals = onSignals({ instance, log });
  try {
    await instance.start();
  } catch (error) {
    if (signals.stopping === undefined) {
      await instance.stop();
      throw new CliError(messageOf(error), { cause: error });
    }
    // Whatever was interrupted is not worth a word.
  }
  if (signals.stopping === undefined) {
    await untilReady(instance, signals.stopped);
    if (signals.stopping === undefined) print(summary(instance.status()));
  }
  await signals.stopped;
  return true;
}

async function untilReady(instance: Instance, stopped: Promise<void>): Promise<void> {
  const end = performance.now() + readyMs;
  let over = false;
  void stopped.then(() => (over = true));
  while (!over && performance.now() < end && instance.notReady().length > 0) {
    await new Promise((wake) => setTimeout(wake, pollMs));
  }
}
