import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, type Reply } from './client.ts';

const root = join(import.meta.dirname, '../../..');

/** Waits until `check` gives something other than undefined or false; fails with `what` after the deadline. */
export async function eventually<T>(what: string, check: () => Promise<T | undefined | false> | T | undefined | false, ms = 15_000): Promise<T> {
  const deadline = performance.now() + ms;
  let last: unknown;
  for (;;) {
    try {
      const found = await check();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`, { cause: last });
    await sleep(10);
  }
}

/** A TCP port that nobody listens on. Somebody else may take it before we do, which a test then says loudly. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** The statuses of Gateways, routes and policies, as far as tests read them. */
export interface Status {
  readonly conditions?: readonly Condition[];
  readonly listeners?: readonly { readonly name: string; readonly attachedRoutes: number; readonly conditions: readonly Condition[] }[];
  readonly parents?: readonly { readonly conditions: readonly Condition[] }[];
  readonly ancestors?: readonly { readonly conditions: readonly Condition[] }[];
}

interface StatusObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly status?: Status;
}

export interface FileProblem {
  readonly file: string;
  readonly line: number;
  readonly kind: string;
  readonly key: string;
  readonly field: string;
  readonly message: string;
}

/** A `moongate run` of its own: a directory of files, a state directory, an admin port. */
export class Moongate {
  readonly directory = mkdtempSync(join(tmpdir(), 'moongate-e2e-'));
  readonly files = join(this.directory, 'files');
  readonly state = join(this.directory, 'state');
  readonly adminPort: number;
  #process: ChildProcess | undefined;
  #output = '';

  private constructor(adminPort: number) {
    this.adminPort = adminPort;
  }

  static async create(files: Readonly<Record<string, string>>): Promise<Moongate> {
    const moongate = new Moongate(await freePort());
    mkdirSync(moongate.files);
    for (const [name, text] of Object.entries(files)) moongate.write(name, text);
    return moongate;
  }

  /** Puts a file in place as a careful editor does: written beside it, then renamed. */
  write(name: string, text: string): void {
    const temporary = join(this.directory, `${name}.new`);
    writeFileSync(temporary, text);
    renameSync(temporary, join(this.files, name));
  }

  /** Writes into the file as it stands. */
  overwrite(name: string, text: string): void {
    writeFileSync(join(this.files, name), text);
  }

  remove(name: string): void {
    rmSync(join(this.files, name));
  }

  /** Starts the control plane and waits until everything serves. */
  async start(...options: readonly string[]): Promise<void> {
    const child = this.launch(...options);
    const ready = await eventually('moongate is ready, or ended', async () => {
      return child.exitCode !== null || (await this.admin('/readyz')).status === 200;
    }, 30_000).catch(() => false);
    if (!ready || child.exitCode !== null) throw new Error(`moongate did not become ready; it said:\n${this.#output}`);
  }

  /** Starts the control plane and waits for nothing. */
  launch(...options: readonly string[]): ChildProcess {
    const main = join(root, 'src/cli/main.ts');
    const args = ['run', '-f', this.files, '--state-dir', this.state, '--admin', `127.0.0.1:${this.adminPort}`, '--concurrency', '1', ...options];
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    this.#process = child;
    return child;
  }

  get output(): string {
    return this.#output;
  }

  /** GET of the admin port. */
  admin(path: string): Promise<Reply> {
    return ask(this.adminPort, { path, host: `127.0.0.1:${this.adminPort}` });
  }

  /** The status of an object as `moongate status` shows it; undefined while there is none. */
  async statusOf(kind: string, name: string): Promise<Status | undefined> {
    const { objects } = JSON.parse((await this.admin('/api/v1/status')).body) as { objects: readonly StatusObject[] };
    return objects.find((object) => object.kind === kind && object.metadata.name === name)?.status;
  }

  /** The problems of the files. */
  async problems(): Promise<readonly FileProblem[]> {
    return JSON.parse((await this.admin('/api/v1/problems')).body) as FileProblem[];
  }

  /** The process ids of the Envoys, by proxy. */
  async envoys(): Promise<ReadonlyMap<string, number>> {
    const { body } = await this.admin('/api/v1/proxies');
    const proxies = JSON.parse(body) as readonly { readonly id: string; readonly pid?: number }[];
    return new Map(proxies.flatMap(({ id, pid }) => (pid === undefined ? [] : [[id, pid] as const])));
  }

  /** Ends the control plane at once; its Envoys go on. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Ends everything as a service manager does. Returns the exit status. */
  async stop(): Promise<number | null> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null;
    const exited = once(child, 'exit') as Promise<[number | null]>;
    child.kill('SIGTERM');
    const [code] = await exited;
    return code;
  }

  /** Nothing is left behind, whatever state the test ended in: a killed control plane is started once more to end its Envoys. */
  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#process;
    if (child?.signalCode === 'SIGKILL') await this.start().catch(() => {});
    await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
