import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'undici';
import { now } from '../propagation/clock.ts';
import { versionHeader } from './objects.ts';

/** An answer of the gateway. */
export interface Answer {
  readonly status: number;
  /** Which version of its route gave it; empty when it does not say. */
  readonly version: string;
  /** When its head was there, ms. */
  readonly at: number;
}

/** What was seen until a wanted answer came. */
export interface Observation {
  readonly at: number;
  /** Statuses that were neither asked for nor allowed before, in order. */
  readonly wrong: readonly number[];
}

const answerMs = 10_000;

/** Asks a gateway on one connection, again and again. */
export class Prober implements AsyncDisposable {
  readonly #client: Client;

  /** `address` is such as '10.160.1.5'; the gateway listens on port 80 there. */
  constructor(address: string) {
    this.#client = new Client(`http://${address}:80`, { headersTimeout: answerMs, bodyTimeout: answerMs, pipelining: 1 });
  }

  async ask(host: string): Promise<Answer> {
    const { statusCode, headers, body } = await this.#client.request({ method: 'GET', path: '/', headers: { host } });
    const at = now();
    await body.dump();
    const version = headers[versionHeader];
    return { status: statusCode, version: typeof version === 'string' ? version : '', at };
  }

  /** Asks every `intervalMs` until an answer is as wanted. `before` says which other answers are in order. Rejects after `limitMs`. */
  async until(host: string, { wanted, before, intervalMs, limitMs }: Wait): Promise<Observation> {
    const end = now() + limitMs;
    const wrong: number[] = [];
    for (;;) {
      const answer = await this.ask(host);
      if (wanted(answer)) return { at: answer.at, wrong };
      if (!before(answer)) wrong.push(answer.status);
      if (answer.at > end) throw new Error(`${host} did not answer as wanted within ${limitMs} ms: ${answer.status} ${answer.version}`);
      await sleep(intervalMs);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client.destroy();
  }
}

export interface Wait {
  readonly wanted: (answer: Answer) => boolean;
  readonly before: (answer: Answer) => boolean;
  readonly intervalMs: number;
  readonly limitMs: number;
}
