import type { Log } from '../../util/log.ts';
import { drainAndStop } from './drain.ts';
import type { DrainLimits } from './drain.ts';
import type { Instance } from './instance.ts';
import type { Slot } from './proxy-files.ts';
import { clearSlot } from './proxy-record.ts';

/** The processes of one proxy that are on their way out. */
export class Retirement {
  readonly #options: { readonly id: string; readonly drain: DrainLimits; readonly log: Log };
  readonly #leaving = new Map<Slot, Promise<void>>();
  #hurry = new AbortController();

  constructor(options: { readonly id: string; readonly drain: DrainLimits; readonly log: Log }) {
    this.#options = options;
  }

  get size(): number {
    return this.#leaving.size;
  }

  /** Fulfilled when the first of them is gone. */
  async next(): Promise<void> {
    await Promise.race(this.#leaving.values());
  }

  /** Waits for a slot that neither the `serving` process nor one that leaves is in. */
  async freeSlot(slots: readonly Slot[], serving: Slot | undefined): Promise<Slot> {
    for (;;) {
      const free = slots.find((slot) => slot !== serving && !this.#leaving.has(slot));
      if (free !== undefined) return free;
      await this.next();
    }
  }

  /** Drains and ends a process, in the background. */
  add(instance: Instance, how: 'graceful' | 'handover'): void {
    this.#leaving.set(instance.slot, this.#end(instance, how));
  }

  /** Ends the wait for clients of all that are leaving. */
  hurry(): void {
    this.#hurry.abort();
  }

  /** Takes `hurry` back for those that leave from now on. */
  takeTime(): void {
    if (this.#hurry.signal.aborted) this.#hurry = new AbortController();
  }

  async #end(instance: Instance, how: 'graceful' | 'handover'): Promise<void> {
    const { id, drain, log } = this.#options;
    const { pid } = instance.process;
    // One that was never live has no clients; one that was adopted may have some.
    const timeoutMs = instance.ready || instance.adopted ? drain.timeoutMs : 0;
    try {
      await drainAndStop(instance.process, instance.admin, { ...drain, timeoutMs, how, hurry: this.#hurry.signal });
      clearSlot(instance.slot);
      log.info({ proxy: id, pid }, 'stopped an Envoy');
    } catch (error) {
      log.error({ proxy: id, pid, err: error }, 'cannot stop an Envoy');
    }
    this.#leaving.delete(instance.slot);
  }
}
