import type { Instance } from '../../app/instance.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../../util/log.ts';

/** A starter that stands between the terminal and this process may pass on a Ctrl-C that both got: within so many ms, two count as one. */
const doubleMs = 300;

/** How far the signals of the process have got. */
export interface Signals {
  /** The signal that asked for the end. */
  readonly stopping: NodeJS.Signals | undefined;
  /** Fulfilled when the instance has stopped. */
  readonly stopped: Promise<void>;
}

/** SIGHUP reloads; SIGTERM and SIGINT stop, a second one without waiting for clients. */
export function onSignals({ instance, log }: { readonly instance: Pick<Instance, 'stop' | 'hurry' | 'reload' | 'phase'>; readonly log: Log }): Signals {
  const done = Promise.withResolvers<void>();
  const state: { stopping: NodeJS.Signals | undefined; stopped: Promise<void> } = { stopping: undefined, stopped: done.promise };
  let first = 0;
  const stop = (signal: NodeJS.Signals) => {
    if (state.stopping !== undefined) {
      if (performance.now() - first < doubleMs) return;
      log.info({}, `${signal} again: not waiting for clients`);
      return instance.hurry();
    }
    state.stopping = signal;
    first = performance.now();
    log.info({}, `${signal}: ${instance.phase === 'serving' ? 'draining Envoy, then stopping' : 'stopping'}`);
    instance.stop().then(done.resolve, done.reject);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', () => {
    log.info({}, 'SIGHUP: reading all files again');
    instance.reload().catch((error: unknown) => log.error({}, `cannot read the files again: ${messageOf(error)}`));
  });
  return state;
}
