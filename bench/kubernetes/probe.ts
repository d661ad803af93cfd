import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { versionHeader } from './objects.ts';

/** An answer of the gateway. */
export interface Answer {
  readonly status: number;
  /** Which version of its route gave it; '' when it does not say. */
  readonly version: string;
  /** When it was complete, milliseconds. */
  readonly at: number;
}

const patienceMs = 10_000;
const connectMs = 1_000;
const versionPattern = new RegExp(`^${versionHeader}: *(.*)\\r$`, 'im');

/** A connection that is kept, with one request at a time, made for little work between two requests. */
export class Probe {
  readonly #socket: Socket;
  #seen = '';
  #waiting: PromiseWithResolvers<Answer> | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay();
    socket.setTimeout(patienceMs, () => socket.destroy(new Error(`no answer in ${patienceMs / 1000} s`)));
    socket.on('data', (chunk) => this.#received(chunk.toString('latin1')));
    socket.on('error', (error) => this.#failed(error));
    socket.on('close', () => this.#failed(new Error('the connection was closed')));
  }

  /** Rejects when nobody listens, or nobody answers within a second. */
  static async open(address: string, port = 80): Promise<Probe> {
    const socket = connect(port, address);
    try {
      // A Service without endpoints on the node swallows what is sent to it.
      await once(socket, 'connect', { signal: AbortSignal.timeout(connectMs) });
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return new Probe(socket);
  }

  /** Waits until a host is answered with 200. */
  static async untilServed(address: string, host: string, limitMs: number): Promise<void> {
    const end = performance.now() + limitMs;
    while (performance.now() < end) {
      const probe = await Probe.open(address).catch(() => undefined);
      const answer = await probe?.ask(host).catch(() => undefined);
      probe?.close();
      if (answer?.status === 200) return;
      await sleep(50);
    }
    throw new Error(`${host} was not served at ${address} within ${limitMs / 1000} s`);
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
    this.#seen = this.#seen.slice(end + 4 + length);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ status: Number(head.slice(9, 12)), version: versionPattern.exec(head)?.[1] ?? '', at: performance.now() });
  }

  #failed(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}
