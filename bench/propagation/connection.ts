import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { now } from './clock.ts';
import { versionHeader } from './world.ts';

/** An answer from Envoy. */
export interface Answer {
  readonly status: number;
  /** Which version of its route gave it; empty when it does not say. */
  readonly version: string;
  /** When it was complete, ms. */
  readonly at: number;
}

/** How long an answer may take, ms. */
const patienceMs = 5_000;
/** How long a connection may take to come about, ms. */
const connectMs = 1_000;

const versionPattern = new RegExp(`^${versionHeader}: *(.*)\\r$`, 'im');

/** A keep-alive connection with one request at a time, made for little work between two requests. */
export class Connection {
  readonly #socket: Socket;
  #seen = '';
  #waiting: PromiseWithResolvers<Answer> | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay();
    socket.setTimeout(patienceMs);
    socket.on('timeout', () => {
      if (this.#waiting !== undefined) socket.destroy(new Error(`no answer in ${patienceMs} ms`));
    });
    socket.on('data', (chunk) => this.#received(chunk.toString('latin1')));
    socket.on('error', (error) => this.#failed(error));
    socket.on('close', () => this.#failed(new Error('the connection was closed')));
  }

  /** Rejects when nobody listens, or nobody answers: a Kubernetes Service without endpoints swallows what is sent to it. */
  static async open(port: number, host = '127.0.0.1'): Promise<Connection> {
    const socket = connect(port, host);
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(connectMs) });
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return new Connection(socket);
  }

  /** Sends a GET. Rejects when the connection breaks or the answer does not come. */
  ask(host: string): Promise<Answer> {
    this.#waiting = Promise.withResolvers<Answer>();
    this.#socket.write(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
    return this.#waiting.promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #received(text: string): void {
    this.#seen += text;
    const end = this.#seen.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#seen.slice(0, end + 2);
    const length = Number(/^content-length: *(\d+)\r$/im.exec(head)?.[1] ?? 0);
    if (this.#seen.length < end + 4 + length) return;
    const at = now();
    this.#seen = this.#seen.slice(end + 4 + length);
    const answer = { status: Number(head.slice(9, 12)), version: versionPattern.exec(head)?.[1] ?? '', at };
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(answer);
  }

  #failed(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}
