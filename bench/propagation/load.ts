import { setTimeout as sleep } from 'node:timers/promises';
import { now } from './clock.ts';
import { Connection } from './connection.ts';

/** Requests a second. */
export const loadRate = 500;
/** Connections that they are spread over. */
const connections = 16;
/** Every so many requests one goes to the route that is changed. */
const changedEvery = 4;

/** A steady stream of requests; counts those that fail or are not answered with 200 by a version of their own route. */
export class Load {
  readonly #hosts: (i: number) => string;
  readonly #idle: Connection[];
  readonly #all: Connection[];
  readonly #port: number;
  #requests = 0;
  #failed = 0;
  #running: Promise<void> | undefined;
  #stopped = false;

  private constructor(port: number, all: Connection[], hosts: (i: number) => string) {
    this.#port = port;
    this.#all = all;
    this.#idle = [...all];
    this.#hosts = hosts;
  }

  static async start(port: number, options: { readonly host: string; readonly otherHosts: readonly string[] }): Promise<Load> {
    const { host, otherHosts } = options;
    const opened = await Promise.all(Array.from({ length: connections }, () => Connection.open(port)));
    const load = new Load(port, opened, (i) => (i % changedEvery === 0 ? host : (otherHosts[(i * 7919) % otherHosts.length] ?? host)));
    load.#running = load.#run();
    return load;
  }

  async stop(): Promise<{ readonly requests: number; readonly failed: number }> {
    this.#stopped = true;
    await this.#running;
    while (this.#idle.length < this.#all.length) await sleep(5);
    for (const connection of this.#all) connection.close();
    return { requests: this.#requests, failed: this.#failed };
  }

  async #run(): Promise<void> {
    const start = now();
    while (!this.#stopped) {
      const due = ((now() - start) * loadRate) / 1000;
      while (this.#requests < due && this.#idle.length > 0) this.#send();
      await sleep(1);
    }
  }

  #send(): void {
    const connection = this.#idle.pop();
    if (connection === undefined) return;
    const host = this.#hosts(this.#requests++);
    connection.ask(host).then(
      (answer) => {
        if (answer.status !== 200 || answer.version === '') this.#failed++;
        this.#idle.push(connection);
      },
      () => {
        this.#failed++;
        this.#all.splice(this.#all.indexOf(connection), 1);
        return this.#replace();
      },
    );
  }

  async #replace(): Promise<void> {
    try {
      const next = await Connection.open(this.#port);
      this.#all.push(next);
      this.#idle.push(next);
    } catch {
      // Nobody listens any more: fewer connections are left, and the requests that are not sent are missing in the count.
    }
  }
}
