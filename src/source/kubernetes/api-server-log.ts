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
    if (state.kind !== 'retrying') {
      if (state.kind !== 'listing') this.forget((name) => name === watch);
      return;
    }
    if (this.#retrying.size === 0) {
      this.#since = this.#timing.now();
      this.#log.warn({ reason: state.message }, 'the API server does not answer as it should; what is known stays in use');
    }
    this.#retrying.add(watch);
  }

  /** These watches are well, or are no more. */
  forget(fits: (watch: string) => boolean): void {
    if (this.#retrying.size === 0) return;
    for (const watch of this.#retrying) if (fits(watch)) this.#retrying.delete(watch);
    if (this.#retrying.size > 0) return;
    const seconds = Math.round((this.#timing.now() - this.#since) / 1000);
    this.#log.info({ seconds }, 'the API server is back; everything is in step with it again');
  }
}
