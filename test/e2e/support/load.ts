import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a load has seen. */
export interface LoadReport {
  readonly requests: number;
  /** Status, or the error's code, → how often. */
  readonly outcomes: Readonly<Record<string, number>>;
}

export interface LoadOptions {
  readonly port: number;
  /** Asked in turn. */
  readonly hosts: readonly string[];
  readonly path: string;
  readonly perSecond: number;
  /** Default true; false: a connection for each request. */
  readonly keepAlive?: boolean;
}

/** A load that nobody stops ends by itself after so many milliseconds. */
const maxDuration = 60_000;

/** Requests at a steady rate, until stopped. */
export class Load {
  readonly #agent: Agent;
  readonly #outcomes = new Map<string, number>();
  readonly #pending = new Set<Promise<void>>();
  readonly #options: LoadOptions;
  readonly #running: Promise<void>;
  #stopped = false;
  #requests = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: options.keepAlive ?? true, maxSockets: 16 });
    this.#running = this.#run();
  }

  get requests(): number {
    return this.#requests;
  }

  /** Ends the load and waits for the last answers. */
  async stop(): Promise<LoadReport> {
    this.#stopped = true;
    await this.#running;
    await Promise.all(this.#pending);
    this.#agent.destroy();
    return { requests: this.#requests, outcomes: Object.fromEntries(this.#outcomes) };
  }

  /** For a test that failed before it stopped the load. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<void> {
    const start = performance.now();
    while (!this.#stopped && performance.now() - start < maxDuration) {
      const due = ((performance.now() - start) / 1000) * this.#options.perSecond;
      while (this.#requests < due) this.#send();
      await sleep(1);
    }
  }

  #send(): void {
    const { port, hosts, path } = this.#options;
    const host = hosts[this.#requests++ % hosts.length] ?? '';
    const done = new Promise<string>((resolve) => {
      const call = request({ host: '127.0.0.1', port, path, agent: this.#agent, headers: { host }, timeout: 10_000 }, (response) => {
        response.resume();
        response.on('end', () => resolve(String(response.statusCode)));
        response.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      });
      call.on('timeout', () => call.destroy(new Error('timeout')));
      call.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      call.end();
    }).then((outcome) => {
      this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
      this.#pending.delete(done);
    });
    this.#pending.add(done);
  }
}
