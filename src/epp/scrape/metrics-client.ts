import { Client, type Dispatcher } from 'undici';
import { messageOf } from '../../util/error-message.ts';
import type { MetricsSource } from './metrics-source.ts';

/** How a question ended: with the body of an answer, valid until the next question, or with the reason why there is none. */
export type Answer = { readonly body: Buffer } | { readonly problem: string };

export interface MetricsClientOptions {
  /** `http://10.0.0.1:8000`. */
  readonly origin: string;
  readonly source: MetricsSource;
  /** The longest body. */
  readonly maxBytes: number;
  /** Milliseconds for a connection. */
  readonly timeoutMs: number;
}

/** What is kept for the next answer, at most, in bytes. */
const MAX_KEPT = 512 * 1024;

/**
 * Asks one server for its metrics over a connection that is kept. undici, since a question costs half of what it costs with `node:http`. Redirects are not
 * followed: they are an answer like any other that is not 200.
 */
export class MetricsClient {
  readonly #client: Client;
  readonly #maxBytes: number;
  readonly #request: Dispatcher.DispatchOptions;
  /** Where answers that come in several pieces are put together. */
  readonly #body: { buffer: Buffer } = { buffer: Buffer.alloc(0) };
  #question: Question | undefined;

  constructor({ origin, source, maxBytes, timeoutMs }: MetricsClientOptions) {
    const { insecure, ca, client } = source.tls;
    this.#maxBytes = maxBytes;
    this.#request = { origin, path: source.path, method: 'GET', headers: { 'accept': 'text/plain;version=0.0.4;q=1,*/*;q=0.1', 'accept-encoding': 'identity' } };
    this.#client = new Client(origin, {
      allowH2: false,
      pipelining: 1,
      // Who asks has a limit for the whole answer.
      headersTimeout: 0,
      bodyTimeout: 0,
      // Longer than the longest time between two questions.
      keepAliveTimeout: 10_000,
      maxHeaderSize: 16 * 1024,
      connect: { timeout: timeoutMs, rejectUnauthorized: !insecure, ...(ca !== undefined && !insecure && { ca }), ...client },
    });
  }

  /** Asks; `onAnswer` is called once, unless the client is destroyed before. Not to be called before the last answer. */
  ask(onAnswer: (answer: Answer) => void): void {
    this.#question = new Question(this.#maxBytes, this.#body, onAnswer);
    this.#client.dispatch(this.#request, this.#question);
  }

  /** Closes the connection. */
  destroy(): void {
    this.#question?.forget();
    this.#client.destroy().catch(() => {});
  }
}

class Question implements Dispatcher.DispatchHandler {
  readonly #maxBytes: number;
  #onAnswer: ((answer: Answer) => void) | undefined;
  #problem: string | undefined;
  readonly #body: { buffer: Buffer };
  #first: Buffer | undefined;
  #bytes = 0;

  constructor(maxBytes: number, body: { buffer: Buffer }, onAnswer: (answer: Answer) => void) {
    this.#maxBytes = maxBytes;
    this.#body = body;
    this.#onAnswer = onAnswer;
  }

  forget(): void {
    this.#onAnswer = undefined;
  }

  /** undici wants it to be there. */
  onRequestStart(): void {}

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    const encoding = headers['content-encoding'] ?? 'identity';
    if (status < 200) return;
    if (status !== 200) this.#refuse(controller, `it answers ${status}`);
    else if (encoding !== 'identity') this.#refuse(controller, `it answers with content-encoding ${String(encoding).slice(0, 80)}, which was not asked for`);
    else if (Number(headers['content-length'] ?? 0) > this.#maxBytes) this.#refuse(controller, this.#tooLarge);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#problem !== undefined) return;
    if (this.#bytes + chunk.length > this.#maxBytes) return this.#refuse(controller, this.#tooLarge);
    if (this.#bytes === 0) this.#first = chunk;
    else {
      if (this.#first !== undefined) this.#put(this.#first, 0);
      this.#first = undefined;
      this.#put(chunk, this.#bytes);
    }
    this.#bytes += chunk.length;
  }

  onResponseEnd(): void {
    if (this.#problem !== undefined) return this.#answer({ problem: this.#problem });
    this.#answer({ body: this.#first ?? this.#body.buffer.subarray(0, this.#bytes) });
    if (this.#body.buffer.length > MAX_KEPT) this.#body.buffer = Buffer.alloc(0);
  }

  #put(chunk: Buffer, at: number): void {
    const body = this.#body;
    if (at + chunk.length > body.buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * body.buffer.length, at + chunk.length));
      body.buffer.copy(larger, 0, 0, at);
      body.buffer = larger;
    }
    chunk.copy(body.buffer, at);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#answer({ problem: this.#problem ?? messageOf(error) });
  }

  get #tooLarge(): string {
    return `its answer is larger than ${this.#maxBytes} bytes`;
  }

  /** What is left of the answer is not read, and the connection goes with it. */
  #refuse(controller: Dispatcher.DispatchController, problem: string): void {
    this.#problem = problem;
    controller.abort(new Error(problem));
  }

  #answer(answer: Answer): void {
    const onAnswer = this.#onAnswer;
    this.#onAnswer = undefined;
    onAnswer?.(answer);
  }
}
