import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../propagation/clock.ts';

/** Connections, each with one request at a time. */
const connections = 64;

export interface LoadResult {
  /** Milliseconds from a request to its whole answer, of each that was answered with 200. */
  readonly latencies: readonly number[];
  readonly failed: number;
  readonly seconds: number;
}

/** A connection on which a request waits, or not. */
class Client {
  readonly #socket: Socket;
  #seen = '';
  #done: ((answer: string) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay();
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#answer());
    socket.on('data', (chunk) => {
      this.#seen += chunk.toString('latin1');
      if (this.#seen.endsWith('\r\n\r\nok\n') || this.#seen.endsWith('\r\n0\r\n\r\n')) this.#answer();
    });
  }

  static async open(port: number): Promise<Client> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Client(socket);
  }

  ask(request: Buffer): Promise<string> {
    this.#seen = '';
    return new Promise((resolve) => {
      this.#done = resolve;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #answer(): void {
    this.#done?.(this.#seen);
    this.#done = undefined;
  }
}

/** POSTs at a steady rate, as long as the connections suffice. */
export async function load(port: number, { rate, seconds, bodyBytes }: { readonly rate: number; readonly seconds: number; readonly bodyBytes: number }): Promise<LoadResult> {
  const clients = await Promise.all(Array.from({ length: connections }, () => Client.open(port)));
  const body = JSON.stringify({ model: 'm', prompt: 'x'.repeat(bodyBytes) });
  const request = Buffer.from(`POST /v1/completions HTTP/1.1\r\nhost: bench.test\r\ncontent-type: application/json\r\nuser-agent: bench\r\naccept: */*\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  const idle = [...clients];
  const latencies: number[] = [];
  let failed = 0;
  const send = async (client: Client): Promise<void> => {
    const begin = now();
    const answer = await client.ask(request);
    if (answer.startsWith('HTTP/1.1 200')) latencies.push(now() - begin);
    else failed++;
    idle.push(client);
  };
  const start = now();
  const pending: Promise<void>[] = [];
  for (let sent = 0; now() - start < seconds * 1000; await sleep(1)) {
    for (const due = ((now() - start) * rate) / 1000; sent < due; sent++) {
      const client = idle.pop();
      if (client === undefined) break;
      pending.push(send(client));
    }
  }
  const took = (now() - start) / 1000;
  await Promise.all(pending);
  for (const client of clients) client.close();
  return { latencies, failed, seconds: took };
}
