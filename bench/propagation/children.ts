import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** How long a child may take to say something, ms. */
const answerMs = 120_000;
/** How long a child may take to end by itself before it is killed, ms. */
const endMs = 10_000;

/** A process that ends with the benchmark. */
export class Child implements AsyncDisposable {
  static readonly #all = new Set<Child>();
  static #over = false;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
    Child.#all.add(this);
    process.on('error', () => {});
    process.on('exit', () => Child.#all.delete(this));
  }

  /** Ends all children, and those to come: whoever waits for one of them fails. */
  static endAll(): void {
    Child.#over = true;
    for (const child of Child.#all) child.#process.kill('SIGTERM');
  }

  /** Runs a TypeScript file of the benchmark, with a channel for messages. */
  static fork(file: string, args: readonly string[], execArgv: readonly string[] = []): Child {
    if (Child.#over) throw new Error('interrupted');
    return new Child(fork(file, args, { execArgv: [...execArgv], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
  }

  get pid(): number {
    if (this.#process.pid === undefined) throw new Error(`cannot start ${this.#process.spawnfile}`);
    return this.#process.pid;
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** The child's next message. Rejects when it ends instead. */
  async next<T>(): Promise<T> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, AbortSignal.timeout(answerMs)]);
    try {
      return await Promise.race([
        once(this.#process, 'message', { signal }).then(([message]) => message as T),
        once(this.#process, 'exit', { signal }).then(([code]) => {
          throw new Error(`${this.#process.spawnargs.join(' ')} ended with ${code}`);
        }),
      ]);
    } finally {
      over.abort();
    }
  }

  /** Sends a message and gives the answer. */
  ask<T>(message: string): Promise<T> {
    const answer = this.next<T>();
    this.#process.send(message);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.running) return;
    const ended = once(this.#process, 'exit');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), endMs);
    this.#process.kill('SIGTERM');
    await ended;
    clearTimeout(timer);
  }
}
