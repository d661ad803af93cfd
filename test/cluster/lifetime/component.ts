import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processStart } from '../../../src/infra/host/process-identity.ts';
import { systemPath } from '../tools/packages.ts';
import { eventually } from './eventually.ts';
import type { Machine } from './machine.ts';

/** A long-lived program of the cluster. */
export interface ComponentOptions {
  /** Such as 'kubelet'; names its log and its record. */
  readonly name: string;
  /** Where it runs. */
  readonly machine: Machine;
  /** Folder of the cluster. */
  readonly dir: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const stopMs = 5000;
const quotedLines = 12;

/**
 * One program in the background that can be stopped and started again, which is what tests of faults do. It is the leader of a session of its own, so
 * that Ctrl-C in a terminal does not reach it, and its output goes to a file, so that it may outlive us.
 */
export class Component {
  readonly #options: ComponentOptions;
  #child: ChildProcess | undefined;

  constructor(options: ComponentOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get logFile(): string {
    return join(this.#options.dir, 'logs', `${this.#options.machine.name}-${this.name}.log`);
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number | undefined {
    return this.running ? this.#child?.pid : undefined;
  }

  /** Starts it unless it runs. */
  start(): void {
    if (this.running) return;
    const { machine, command, args, env, dir } = this.#options;
    mkdirSync(join(dir, 'logs'), { recursive: true });
    mkdirSync(join(dir, 'processes'), { recursive: true });
    const log = openSync(this.logFile, 'a');
    try {
      // nsenter replaces itself, so the process is the program's.
      const [program = '', ...rest] = machine.enter(command, args);
      const child = spawn(program, rest, { detached: true, stdio: ['ignore', log, log], env: { PATH: systemPath, HOME: dir, ...env } });
      // A program that cannot be started has ended, and its log is empty: whoever waits for it says so.
      child.on('error', () => {});
      child.unref();
      this.#child = child;
      const { pid } = child;
      if (pid !== undefined) writeFileSync(join(dir, 'processes', `${pid}.json`), JSON.stringify({ name: this.name, pid, start: processStart(pid) }));
    } finally {
      closeSync(log);
    }
  }

  /** Asks it to end, and makes it after a while (ms). Resolves when it is gone. */
  async stop({ signal = 'SIGTERM', timeout = stopMs }: { signal?: NodeJS.Signals; timeout?: number } = {}): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.running) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    // A detached child does not keep the event loop alive; what waits for its end does.
    child.ref();
    await ended;
    clearTimeout(timer);
  }

  /** Ends it at once, as a crash would. */
  kill(): Promise<void> {
    return this.stop({ signal: 'SIGKILL' });
  }

  /** Stops and starts it. */
  async restart(): Promise<void> {
    await this.stop();
    this.start();
  }

  /** Freezes it: connections stay open and nobody answers. `thaw` ends that. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Waits until the condition holds. Throws with the end of the log when it does not in time (ms), or the program ends before. */
  async until(what: string, condition: () => Promise<boolean>, limit: number): Promise<void> {
    try {
      await eventually(what, async () => (await condition()) || (this.running ? false : Promise.reject(new EndedError(`${this.name} ended`))), { limit, fatal: (error) => error instanceof EndedError });
    } catch (error) {
      throw new Error(`${this.name} on ${this.#options.machine.name} does not work; the end of ${this.logFile}:\n${this.lastWords()}`, { cause: error });
    }
  }

  /** The end of its log. */
  lastWords(): string {
    try {
      return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-quotedLines).join('\n');
    } catch {
      return '(no log)';
    }
  }
}

class EndedError extends Error {}
