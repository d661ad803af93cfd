import { readFile } from 'node:fs/promises';
import { PickerInstance } from '../../app/picker-instance.ts';
import type { Log } from '../../util/log.ts';
import type { EppOptions, ListenAddress } from '../commands/epp.ts';
import { CliError, messageOf } from '../errors.ts';
import type { HostPort } from '../host-port.ts';
import { createLog } from '../log.ts';

const anyAddress = '::';

/** Runs an endpoint picker until it is told to stop. Throws a sentence when it cannot be started. */
export async function runPicker(options: EppOptions): Promise<void> {
  const log = createLog({ level: options.logLevel, format: options.logFormat });
  const picker = await pickerOf(options, log);
  const stopped = untilStopped(picker, { log, whileStdinOpen: options.whileStdinOpen === true });
  try {
    await Promise.race([picker.start(), stopped]);
  } catch (error) {
    await picker.stop();
    throw new CliError(messageOf(error), { cause: error });
  }
  await stopped;
}

async function pickerOf(options: EppOptions, log: Log): Promise<PickerInstance> {
  const { file, kubeconfig, context, watchNamespace, poolName, poolNamespace = 'default', listen = { host: anyAddress, port: options.grpcPort } } = options;
  try {
    return new PickerInstance({
      source: file === undefined ? { kubeconfig, context, namespaces: watchNamespace ?? (poolName === undefined ? 'all' : [poolNamespace]) } : { paths: file },
      pool: poolName === undefined ? undefined : `${poolNamespace}/${poolName}`,
      config: await configText(options),
      listen,
      tls: options.secureServing ?? !('path' in listen) ? { certDir: options.certPath } : undefined,
      health: healthAddress(options),
      metrics: metricsAddress(options),
      refreshMs: options.refreshMetricsInterval,
      drainMs: options.drainTimeout,
      allowExperimental: options.allowExperimentalPlugins === true,
      log,
    });
  } catch (error) {
    throw new CliError(messageOf(error), { cause: error });
  }
}

async function configText({ configFile, configText: text }: EppOptions): Promise<string | undefined> {
  if (configFile === undefined) return text;
  return readFile(configFile, 'utf8').catch((error: unknown) => {
    throw new Error(`--config-file: ${messageOf(error)}`, { cause: error });
  });
}

function healthAddress({ file, grpcHealthPort = file === undefined ? 9003 : undefined }: EppOptions): HostPort | undefined {
  return grpcHealthPort === undefined ? undefined : { host: anyAddress, port: grpcHealthPort };
}

function metricsAddress({ file, metrics, metricsPort }: EppOptions): ListenAddress | undefined {
  if (metrics !== undefined) return metrics === 'off' ? undefined : metrics;
  return file === undefined ? { host: anyAddress, port: metricsPort } : undefined;
}

/** Fulfilled when a signal, or the end of the standard input, has ended the picker. */
function untilStopped(picker: PickerInstance, { log, whileStdinOpen }: { readonly log: Log; readonly whileStdinOpen: boolean }): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let stopping = false;
  const stop = (why: string): void => {
    if (stopping) return;
    stopping = true;
    log.info({}, `${why}: the endpoint picker is stopping`);
    picker.stop().then(resolve, reject);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal));
  // Who started it is gone, perhaps killed.
  if (whileStdinOpen) process.stdin.resume().on('error', () => stop('standard input broke')).on('close', () => stop('standard input was closed'));
  return promise;
}
