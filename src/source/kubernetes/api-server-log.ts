import type { ReflectorState } from '../../kube/reflector-state.ts';
import type { Timing } from '../../kube/timing.ts';
import type { Log } from '../../util/log.ts';

/** Says once that the API server is away and once that it is back, however many watches notice. */
export class ApiServerLog {
  readonly #log: Log;
  readonly #timing: Timing;
  readonly #retrying = new Set<string>();
  #since = 0;

  constructor(log: Log, timing: Timing) {
    this.#log = log;
    this.#timing = timing;
  }

  /** Takes the state of one watch. */
  note(watch: string, state: ReflectorState): void {
    const wasAway = this.#retrying.size > 0;
    if (state.kind === 'retrying') this.#retrying.add(watch);
    else if (state.kind !== 'listing') this.#retrying.delete(watch);
    const isAway = this.#retrying.size > 0;
    if (isAway && !wasAway && state.kind === 'retrying') {
      this.#since = this.#timing.now();
      this.#log.warn({ reason: state.message }, 'the API server does not answer as it should; what is known stays in use');
    } else if (wasAway && !isAway) {
      const seconds = Math.round((this.#timing.now() - this.#since) / 1000);
      this.#log.info({ seconds }, 'the API server is back; everything is in step with it again');
    }
  }
}
