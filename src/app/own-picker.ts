import { request } from 'node:http';
import { join } from 'node:path';
import type { AdminAnswer } from '../admin/http-server.ts';
import type { ControlPlane } from './control-plane.ts';
import { Companion } from '../infra/host/companion.ts';
import type { Log } from '../util/log.ts';

export interface OwnPickerOptions {
  readonly plane: ControlPlane;
  /** Files and directories with resources. */
  readonly paths: readonly string[];
  /** Where Envoys ask it. */
  readonly socket: string;
  /** Where it tells of itself. */
  readonly adminSocket: string;
  readonly log: Log;
}

const program = join(import.meta.dirname, '..', '..', 'bin', 'moongate');

/** Milliseconds until a picker that says nothing counts as gone. */
const patienceMs = 5_000;
/** How often (ms) one that is starting is asked whether it is ready. */
const pollMs = 100;
const maxAnswerBytes = 64 * 1024 * 1024;

/** The endpoint picker for pools that name none: a process of its own, so that a long translation delays no pick. It runs from the first such pool on. */
export class OwnPicker {
  readonly #options: OwnPickerOptions;
  readonly #companion: Companion;
  #isReady = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: OwnPickerOptions) {
    this.#options = options;
    const { paths, socket, adminSocket, log } = options;
    const files = paths.flatMap((path) => ['--file', path]);
    const args = ['epp', ...files, '--listen', `unix:${socket}`, '--metrics', `unix:${adminSocket}`, '--while-stdin-open'];
    this.#companion = new Companion({ name: 'the endpoint picker', program: process.execPath, args: [program, ...args], log });
  }

  /** Process id while it runs. */
  get pid(): number | undefined {
    return this.#companion.pid;
  }

  /** Whether there is a pool for it. */
  get isNeeded(): boolean {
    return [...this.#options.plane.outputs.pools.values()].some(({ resource: { object } }) => object.spec.endpointPickerRef === undefined);
  }

  /** Whether it has answered once; without it, requests are sent to any server of their pool. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Starts it as soon as it is needed. */
  start(): void {
    const look = (): void => {
      if (!this.isNeeded) return;
      this.#companion.start();
      this.#timer ??= setInterval(() => void this.#look(), pollMs);
    };
    this.#options.plane.outputs.pools.subscribe(look);
    look();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#companion.stop();
  }

  async #look(): Promise<void> {
    const answer = await this.ask('/readyz').catch(() => undefined);
    if (answer?.status !== 200) return;
    this.#isReady = true;
    clearInterval(this.#timer);
  }

  /** What it answers at a path of its own admin interface. Rejects with a sentence when it cannot be asked. */
  ask(path: string): Promise<AdminAnswer> {
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath: this.#options.adminSocket, path, timeout: patienceMs, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > maxAnswerBytes) asked.destroy(new Error(`it says more than ${maxAnswerBytes} bytes`));
          else chunks.push(chunk);
        });
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 500, contentType: response.headers['content-type'] ?? 'text/plain', body: Buffer.concat(chunks).toString() }));
      });
      asked.on('timeout', () => asked.destroy(new Error(`it says nothing for ${patienceMs} ms`)));
      asked.on('error', (error) => reject(new Error(`the endpoint picker cannot be asked: ${error.message}`, { cause: error })));
      asked.end();
    });
  }
}
