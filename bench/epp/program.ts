import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMs, memoryMb } from '../propagation/usage.ts';

export interface ProgramOptions {
  /** Names its log. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where its log goes. */
  readonly directory: string;
}

const stopMs = 3_000;
const quotedLines = 12;

/** A program in the background that ends with the benchmark. */
export class Program implements AsyncDisposable {
  static readonly #all = new Set<Program>();
  static #over = false;
  readonly name: string;
  readonly #log: string;
  readonly #child: ChildProcess;

  constructor({ name, command, args, env, directory }: ProgramOptions) {
    if (Program.#over) throw new Error('interrupted');
    this.name = name;
    this.#log = join(directory, `${name}.log`);
    const log = openSync(this.#log, 'a');
    // A group of its own: a terminal's Ctrl-C reaches it through us, in our order.
    this.#child = spawn(command, args, { stdio: ['ignore', log, log], env: { ...process.env, ...env }, detached: true });
    closeSync(log);
    Program.#all.add(this);
    this.#child.on('error', () => {});
    this.#child.on('exit', () => Program.#all.delete(this));
  }

  /** Ends all programs, and those to come: whoever waits for one of them fails. */
  static endAll(): void {
    Program.#over = true;
    for (const program of Program.#all) {
      program.#child.kill('SIGCONT');
      program.#child.kill('SIGTERM');
    }
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#child.spawnfile} cannot be started`);
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Milliseconds of CPU so far. */
  get cpuMs(): number {
    return cpuMs(this.pid);
  }

  /** Resident memory in MiB. */
  get rssMb(): number {
    return memoryMb(this.pid).now;
  }

  /** Stops it where it is: it takes no CPU, and its connections stay open. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Waits until the condition holds; what it throws counts as "not yet". Throws with the end of the log when it does not in time (ms), or the program ends before. */
  async until(what: string, condition: () => Promise<boolean> | boolean, limitMs = 60_000): Promise<void> {
    const end = performance.now() + limitMs;
    let last: unknown;
    while (performance.now() < end && this.running) {
      try {
        if (await condition()) return;
      } catch (error) {
        last = error;
      }
      await sleep(25);
    }
    const how = this.running ? `not within ${limitMs / 1000} s` : 'it has ended';
    throw new Error(`${this.name}: ${what}: ${how}; its last words:\n${this.#lastWords()}`, { cause: last });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (!this.running) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGCONT');
    this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopMs);
    await ended;
    clearTimeout(timer);
  }

  #lastWords(): string {
    return readFileSync(this.#log, 'utf8').trimEnd().split('\n').slice(-quotedLines).join('\n');
  }
}
