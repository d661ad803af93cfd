import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../util/log.ts';
import { backOffDefaults, backOffDelay, type BackOff } from './back-off.ts';

export interface CompanionOptions {
  /** What it is, for the log. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly log: Log;
  readonly backOff?: Partial<BackOff>;
  /** Milliseconds from SIGTERM to SIGKILL. */
  readonly stopMs?: number;
  /** In [0, 1). */
  readonly random?: () => number;
}

const stopMsDefault = 35_000;

/**
 * Another process of this program that runs for as long as this one does, and is started again when it dies. Its standard input is a pipe
 * from here that nothing is written to: it closes even when this process is killed, which tells the companion to end.
 */
export class Companion {
  readonly #options: CompanionOptions;
  readonly #backOff: BackOff;
  readonly #stopping = new AbortController();
  #child: ChildProcess | undefined;
  #over: Promise<void> | undefined;

  /** Does nothing before `start`. */
  constructor(options: CompanionOptions) {
    this.#options = options;
    this.#backOff = { ...backOffDefaults, ...options.backOff };
  }

  /** Process id while it runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    this.#over ??= this.#run();
  }

  /** Ends it. Fulfilled when it is gone. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const child = this.#child;
    if (child !== undefined) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), this.#options.stopMs ?? stopMsDefault);
      await this.#over;
      clearTimeout(timer);
    }
    await this.#over;
  }

  async #run(): Promise<void> {
    const { log, name, random = Math.random } = this.#options;
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      const startedAt = performance.now();
      const reason = await this.#once();
      if (signal.aborted) return;
      failures = performance.now() - startedAt >= this.#backOff.resetAfterMs ? 1 : failures + 1;
      const delayMs = backOffDelay(this.#backOff, { failures, random: random() });
      log.error({ reason, failures, delayMs }, `${name} is not running and will be started again`);
      await sleep(delayMs, undefined, { signal }).catch(() => {});
    }
  }

  /** Runs it once; fulfilled with the reason why it ended. */
  #once(): Promise<string> {
    const { program, args } = this.#options;
    return new Promise((resolve) => {
      const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'inherit'] });
      this.#child = child;
      const end = (reason: string) => {
        this.#child = undefined;
        resolve(reason);
      };
      // Writing is never done, so a broken pipe is nobody's concern.
      child.stdin?.on('error', () => {});
      child.on('error', ({ message }) => end(`cannot start ${program}: ${message}`));
      child.on('exit', (code, signalName) => end(signalName === null ? `exited with status ${code}` : `killed by ${signalName}`));
    });
  }
}
