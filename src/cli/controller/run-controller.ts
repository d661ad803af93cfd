import { ControllerInstance } from '../../app/controller-instance.ts';
import type { Log } from '../../util/log.ts';
import type { ControllerCommandOptions } from '../commands/controller.ts';
import { CliError, messageOf } from '../errors.ts';
import type { HostPort } from '../host-port.ts';
import { createLog } from '../log.ts';

/** Runs a controller until it is told to stop. Throws a sentence when it cannot be started. */
export async function runController(options: ControllerCommandOptions): Promise<void> {
  const log = createLog({ level: options.logLevel, format: options.logFormat });
  const instance = controllerOf(options, log);
  const stopped = untilStopped(instance, log);
  try {
    await Promise.race([instance.start(), stopped]);
  } catch (error) {
    await instance.stop();
    throw new CliError(messageOf(error), { cause: error });
  }
  await stopped;
}

function controllerOf(options: ControllerCommandOptions, log: Log): ControllerInstance {
  const { namespace, kubeconfig, context, watchNamespace, watchNamespaceSelector } = options;
  try {
    return new ControllerInstance({
      kubeconfig,
      context,
      controllerNames: options.controllerName ?? [],
      namespace,
      deploy: options.deploy,
      watch: watchNamespaceSelector === undefined ? (watchNamespace ?? 'all') : { labelSelector: watchNamespaceSelector },
      xds: { host: options.xdsHost ?? `envoy-gateway.${namespace}.svc`, port: options.xdsPort },
      clusterDomain: options.clusterDomain,
      envoyImage: options.envoyImage,
      helperImage: options.helperImage,
      endpointPicker: servicePort(options.endpointPicker),
      election: options.leaderElection
        ? { leaseDurationMs: options.leaseDuration, renewDeadlineMs: options.renewDeadline, retryPeriodMs: options.retryPeriod }
        : undefined,
      certificateSettleMs: options.certificateSettle,
      admin: unlessOff(options.admin),
      health: unlessOff(options.health),
      metrics: unlessOff(options.metrics),
      log,
    });
  } catch (error) {
    throw new CliError(messageOf(error), { cause: error });
  }
}

function servicePort(address: HostPort | 'off' | undefined): { readonly name: string; readonly port: number } | undefined {
  return address === undefined || address === 'off' ? undefined : { name: address.host, port: address.port };
}

function unlessOff(address: HostPort | 'off'): HostPort | undefined {
  return address === 'off' ? undefined : address;
}

/** Fulfilled when a signal has ended the instance. */
function untilStopped(instance: ControllerInstance, log: Log): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      log.info({}, `${signal}: stopping; the proxies go on with what they have`);
      instance.stop().then(resolve, reject);
    });
  }
  return promise;
}
