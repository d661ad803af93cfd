import type { Timing } from '../../kube/timing.ts';

export interface WorkQueueOptions {
  /** Items that are worked on at the same time. */
  readonly concurrency: number;
  readonly timing: Timing;
  /** Works on an item. Resolves to how long (ms) it is to be left alone before it is looked at again; undefined: until it is added again. Never rejects. */
  readonly work: (item: string, signal: AbortSignal) => Promise<number | undefined>;
}

/** An item that is worked on, or that waits. */
interface Entry {
  running: boolean;
  /** What is waited for before more is done. */
  wait: object | undefined;
}

/** Works on items, each by one at a time, a few together. An item that is added while it is worked on is looked at once more. */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #due = new Set<string>();
  readonly #entries = new Map<string, Entry>();
  readonly #running = new Set<Promise<void>>();
  /** Present while work may be done; aborted when it may no longer. */
  #permit: AbortController | undefined;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Lets work be done, or not: then what is under way is given up. */
  permit(allowed: boolean): void {
    if (allowed === (this.#permit !== undefined)) return;
    this.#permit?.abort();
    this.#permit = allowed ? new AbortController() : undefined;
    this.#pump();
  }

  /** Has items looked at. */
  add(items: Iterable<string>): void {
    for (const item of items) this.#due.add(item);
    this.#pump();
  }

  /** Ends an item's wait. */
  hurry(item: string): void {
    const entry = this.#entries.get(item);
    if (entry !== undefined) entry.wait = undefined;
  }

  /** Gives up what is under way, and resolves when nothing is. */
  async stop(): Promise<void> {
    this.permit(false);
    await Promise.all(this.#running);
  }

  #pump(): void {
    const permit = this.#permit;
    if (permit === undefined) return;
    for (const item of this.#due) {
      if (this.#running.size >= this.#options.concurrency) return;
      const entry = this.#entries.get(item) ?? { running: false, wait: undefined };
      if (entry.running || entry.wait !== undefined) continue;
      this.#due.delete(item);
      this.#entries.set(item, entry);
      this.#begin(item, entry, permit.signal);
    }
  }

  #begin(item: string, entry: Entry, signal: AbortSignal): void {
    entry.running = true;
    const done: Promise<void> = this.#options.work(item, signal).then((waitMs) => {
      entry.running = false;
      this.#running.delete(done);
      if (waitMs === undefined || signal.aborted) this.#entries.delete(item);
      else this.#postpone(item, entry, waitMs, signal);
      this.#pump();
    });
    this.#running.add(done);
  }

  #postpone(item: string, entry: Entry, waitMs: number, signal: AbortSignal): void {
    const wait = {};
    entry.wait = wait;
    this.#due.add(item);
    void this.#options.timing.sleep(waitMs, signal).then(() => {
      if (entry.wait !== wait) return;
      entry.wait = undefined;
      this.#pump();
    });
  }
}
