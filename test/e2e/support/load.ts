import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a load has seen. */
export interface LoadReport {
  readonly requests: number;
  /** Status, or the error's code, → how often. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Requests at a steady rate over kept connections, until stopped. */
export class Load {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 });
  readonly #outcomes = new Map<string, number>();
  readonly #pending = new Set<Promise<void>>();
  readonly #options: { readonly port: number; readonly hosts: readonly string[]; readonly path: string; readonly perSecond: number };
  readonly #running: Promise<void>;
  #stopped = false;
  #requests = 0;

  constructor(options: { readonly port: number; readonly hosts: readonly string[]; readonly path: string; readonly perSecond: number }) {
    this.#options = options;
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

  async #run(): Promise<void> {
    const start = performance.now();
    while (!this.#stopped) {
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
