import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from './client.ts';
import type { Echo } from './client.ts';

export interface LoadOptions {
  /** Asked for each request when it is a function. */
  readonly address: string | (() => string);
  readonly port?: number;
  readonly host: string;
  /** Default 100. */
  readonly perSecond?: number;
}

/** A request that did not get what it should. */
export interface Failure {
  /** ms since the load began, when it was sent and when it failed. */
  readonly sentAt: number;
  readonly failedAt: number;
  /** Such as 'POST on a connection of its own'. */
  readonly request: string;
  /** The status, or what broke the connection. */
  readonly outcome: string;
}

/** What a load has seen. */
export interface LoadReport {
  readonly requests: number;
  readonly failures: readonly Failure[];
}

/** Nobody waits longer for a load that was forgotten (ms). */
const maxDuration = 5 * 60_000;
/** More than that many requests without an answer, and the load waits with them. */
const maxPending = 2000;

const kinds = [
  { method: 'GET', fresh: false },
  { method: 'POST', fresh: false },
  { method: 'GET', fresh: true },
  { method: 'POST', fresh: true },
] as const;

/**
 * Requests at a steady rate until stopped: GET and POST in turn, each on connections that are kept and on connections of their own.
 * A request is good when the echo server answers 200 and says that it saw this very request.
 */
export class SteadyLoad {
  readonly #options: LoadOptions;
  /** In turn, so that no connection stays unused for long. */
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8, scheduling: 'fifo' });
  readonly #pending = new Set<Promise<void>>();
  readonly #failures: Failure[] = [];
  readonly #began = performance.now();
  readonly #running: Promise<void>;
  #stopped = false;
  #requests = 0;
  #good = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Requests that got what they should, so far. */
  get good(): number {
    return this.#good;
  }

  get failures(): readonly Failure[] {
    return this.#failures;
  }

  /** ms since the load began. */
  get elapsed(): number {
    return Math.round(performance.now() - this.#began);
  }

  /** Ends the load and waits for the last answers. */
  async stop(): Promise<LoadReport> {
    this.#stopped = true;
    await this.#running;
    await Promise.all(this.#pending);
    this.#agent.destroy();
    return { requests: this.#requests, failures: this.#failures };
  }

  /** For a test that failed before it stopped the load. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<void> {
    const { perSecond = 100 } = this.#options;
    let due = 0;
    let last = performance.now();
    while (!this.#stopped && this.elapsed < maxDuration) {
      const now = performance.now();
      // What a busy machine missed is not made up for all at once.
      due = Math.min(due + ((now - last) / 1000) * perSecond, perSecond / 4);
      last = now;
      for (; due >= 1 && this.#pending.size < maxPending; due--) this.#send();
      await sleep(5);
    }
  }

  #send(): void {
    const { address, port, host } = this.#options;
    const number = this.#requests++;
    const { method, fresh } = kinds[number % kinds.length] ?? kinds[0];
    const path = `/get?n=${number}`;
    const sentAt = this.elapsed;
    const done: Promise<void> = ask({
      address: typeof address === 'string' ? address : address(),
      host, path, method,
      ...(port === undefined ? {} : { port }),
      ...(fresh ? {} : { agent: this.#agent }),
      ...(method === 'POST' ? { body: `request ${number}` } : {}),
    }).then(
      ({ status, body }) => (status === 200 ? problemOf(body, { path, method, host }) : `${status} ${body.slice(0, 100)}`),
      (error: NodeJS.ErrnoException) => error.code ?? error.message,
    ).then((outcome) => {
      this.#pending.delete(done);
      if (outcome === undefined) this.#good++;
      else this.#failures.push({ sentAt, failedAt: this.elapsed, request: `${method} on ${fresh ? 'a connection of its own' : 'a kept connection'}`, outcome });
    });
    this.#pending.add(done);
  }
}

/** What is wrong with the answer to a request, if anything. */
function problemOf(body: string, sent: Pick<Echo, 'path' | 'method' | 'host'>): string | undefined {
  try {
    const { path, method, host } = JSON.parse(body) as Echo;
    return path === sent.path && method === sent.method && host === sent.host ? undefined : `the answer to another request: ${method} ${host}${path}`;
  } catch {
    return `no answer of the echo server: ${body.slice(0, 100)}`;
  }
}
