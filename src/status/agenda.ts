import type { Timing } from '../kube/timing.ts';

/** Things that wait for their time. There is one timer, for the first of them. */
export class Agenda<T> {
  readonly #timing: Pick<Timing, 'now' | 'sleep'>;
  readonly #onDue: (items: readonly T[]) => void;
  readonly #due = new Map<T, number>();
  #alarm: { readonly at: number; readonly controller: AbortController } | undefined;

  constructor(timing: Pick<Timing, 'now' | 'sleep'>, onDue: (items: readonly T[]) => void) {
    this.#timing = timing;
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#due.size;
  }

  /** Puts a thing down for a time, in place of the time that it had. */
  set(item: T, at: number): void {
    this.#due.set(item, at);
    if (this.#alarm === undefined || at < this.#alarm.at) this.#arm(at);
  }

  delete(item: T): void {
    this.#due.delete(item);
    if (this.#due.size === 0) this.clear();
  }

  clear(): void {
    this.#due.clear();
    this.#alarm?.controller.abort();
    this.#alarm = undefined;
  }

  #arm(at: number): void {
    this.#alarm?.controller.abort();
    const alarm = { at, controller: new AbortController() };
    this.#alarm = alarm;
    const wait = Math.max(0, Math.ceil(at - this.#timing.now()));
    void this.#timing.sleep(wait, alarm.controller.signal).then(() => {
      if (this.#alarm === alarm) this.#ring();
    });
  }

  #ring(): void {
    this.#alarm = undefined;
    const now = this.#timing.now();
    const items: T[] = [];
    let next = Infinity;
    for (const [item, at] of this.#due) {
      if (at > now) {
        next = Math.min(next, at);
      } else {
        items.push(item);
        this.#due.delete(item);
      }
    }
    if (next !== Infinity) this.#arm(next);
    this.#onDue(items);
  }
}
