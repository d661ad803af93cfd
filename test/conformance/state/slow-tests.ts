import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/** How to watch. */
export interface SlowTestsOptions {
  readonly folder: string;
  /** ms after which a test that still runs is slow. */
  readonly patience: number;
  /** Writes the state of the cluster into a folder. */
  readonly dump: (folder: string) => Promise<void>;
}

const maxDumps = 40;

/**
 * Keeps the state of the cluster for tests that fail. When a test has failed its objects are gone already, but nearly all
 * that fail wait for something in vain first: so the state is written down when a test takes long, and thrown away when it
 * passes after all.
 */
export class SlowTests {
  readonly #options: SlowTestsOptions;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #dumps = new Map<string, Promise<void>>();
  /** One at a time: a dump is work for the cluster. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: SlowTestsOptions) {
    this.#options = options;
  }

  /** Takes the tests that run now. */
  running(tests: ReadonlySet<string>): void {
    for (const [test, timer] of this.#timers) {
      if (tests.has(test)) continue;
      clearTimeout(timer);
      this.#timers.delete(test);
    }
    for (const test of tests) {
      if (!this.#timers.has(test)) this.#timers.set(test, setTimeout(() => this.#dump(test), this.#options.patience));
    }
  }

  /** The test has passed: nobody wants to know. */
  passed(test: string): void {
    const dump = this.#dumps.get(test);
    if (dump !== undefined) this.#dumps.set(test, dump.then(() => rm(this.#folder(test), { recursive: true, force: true })));
  }

  /** Waits for what is being written. */
  async stop(): Promise<void> {
    this.running(new Set());
    await Promise.all(this.#dumps.values());
  }

  #dump(test: string): void {
    if (this.#dumps.size >= maxDumps) return;
    this.#last = this.#last.then(() => this.#options.dump(this.#folder(test)));
    this.#dumps.set(test, this.#last);
  }

  #folder(test: string): string {
    return join(this.#options.folder, test);
  }
}
