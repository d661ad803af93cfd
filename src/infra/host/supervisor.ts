import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';

import type { Log } from '../../util/log.ts';
import type { AdminClient } from './admin-client.ts';
import { backOffDefaults } from './back-off.ts';
import type { BackOff } from './back-off.ts';
import { drainDefaults } from './drain.ts';
import type { DrainLimits } from './drain.ts';
import { logBoundsDefault, rotate } from './log-rotation.ts';
import type { LogBounds } from './log-rotation.ts';
import type { ProxyFiles } from './proxy-files.ts';
import { readRecord } from './proxy-record.ts';
import { ProxyRunner } from './proxy-runner.ts';
import type { RunnerOptions } from './proxy-runner.ts';
import type { ProxySpec } from './proxy-spec.ts';
import type { ProxyState } from './proxy-state.ts';
import type { StateDir } from './state-dir.ts';

/** How a supervisor works. Times are milliseconds. */
export interface SupervisorOptions {
  readonly stateDir: Pick<StateDir, 'proxy' | 'leftovers' | 'xdsSocket'>;
  /** Path of the Envoy program. */
  readonly binary: string;
  readonly log: Log;
  /** Called with each new state of each proxy. */
  readonly onState?: (id: string, state: ProxyState) => void;
  /** See BootstrapOptions. */
  readonly initialFetchTimeoutMs?: number;
  readonly maxConnections?: number;
  readonly backOff?: Partial<BackOff>;
  readonly drain?: Partial<DrainLimits>;
  readonly logBounds?: LogBounds;
  /** How often the logs are looked at. */
  readonly logCheckMs?: number;
  /** In [0, 1). */
  readonly random?: () => number;
  /** Monotonic. */
  readonly now?: () => number;
}

const logCheckMsDefault = 10_000;

/**
 * Keeps one Envoy process for each wanted proxy. The processes outlive us when we are killed: the next supervisor on the same
 * state directory goes on with those that are as it wants them, replaces those that are not, and ends those that nobody wants.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #runnerOptions: RunnerOptions;
  readonly #runners = new Map<string, ProxyRunner>();
  readonly #timer: NodeJS.Timeout;
  #wanted: ReadonlyMap<string, ProxySpec> = new Map();
  #work: Promise<void> = Promise.resolve();
  #cleared = false;
  #over = false;

  /** Does nothing before the first `reconcile`. */
  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#runnerOptions = runnerOptions(options);
    this.#timer = setInterval(() => void this.#rotateLogs(), options.logCheckMs ?? logCheckMsDefault).unref();
  }

  /** Says which proxies are wanted, by id. The work goes on in the background; the promise is fulfilled once it has been begun. */
  reconcile(wanted: ReadonlyMap<string, ProxySpec>): Promise<void> {
    this.#wanted = wanted;
    return this.#settle();
  }

  /** The state of each proxy that is wanted or still running. */
  states(): ReadonlyMap<string, ProxyState> {
    return new Map([...this.#runners].map(([id, runner]) => [id, runner.state]));
  }

  /** The admin interface of a proxy that is live. */
  admin(id: string): AdminClient | undefined {
    return this.#runners.get(id)?.admin;
  }

  /** Which of our proxies listens on which port, by `portName`, by asking those that answer. */
  async heldPorts(): Promise<ReadonlyMap<string, string>> {
    const held = new Map<string, string>();
    await Promise.all([...this.#runners].map(async ([id, runner]) => {
      const ports = await runner.currentAdmin?.listenerPorts().catch(() => undefined);
      for (const port of ports ?? []) held.set(port, id);
    }));
    return held;
  }

  /** Drains and ends all proxies. Fulfilled when no process is left. */
  async stop(): Promise<void> {
    this.#over = true;
    await this.#work;
    for (const runner of this.#runners.values()) runner.want(undefined);
    await Promise.all([...this.#runners.values()].map((runner) => runner.finished));
    clearInterval(this.#timer);
  }

  /** Cuts a `stop` short: clients are no longer waited for. */
  hurry(): void {
    for (const runner of this.#runners.values()) runner.hurry();
  }

  /** Lets go of all processes without ending them: they serve what they know, and a later supervisor adopts them. */
  async detach(): Promise<void> {
    this.#over = true;
    clearInterval(this.#timer);
    await this.#work;
    for (const runner of this.#runners.values()) runner.detach();
    await Promise.all([...this.#runners.values()].map((runner) => runner.finished));
  }

  /** One at a time: a directory is made before, and removed after, its proxy. */
  #settle(): Promise<void> {
    this.#work = this.#work.then(() => this.#apply()).catch((error: unknown) => {
      this.#options.log.error({ err: error }, 'cannot run the proxies as wanted');
    });
    return this.#work;
  }

  async #apply(): Promise<void> {
    if (this.#over) return;
    for (const [id, runner] of this.#runners) {
      if (runner.done) await this.#forget(id, runner);
      else runner.want(this.#wanted.get(id));
    }
    for (const [id, spec] of this.#wanted) {
      if (!this.#runners.has(id)) this.#add(id, await this.#options.stateDir.proxy(id), spec);
    }
    if (this.#cleared) return;
    this.#cleared = true;
    const known = new Set([...this.#runners.values()].map((runner) => runner.files.dir));
    for (const files of await this.#options.stateDir.leftovers()) {
      if (!known.has(files.dir)) this.#add(nameOf(files), files, undefined);
    }
  }

  #add(id: string, files: ProxyFiles, spec: ProxySpec | undefined): void {
    const runner = new ProxyRunner(id, { ...this.#runnerOptions, files, ...(spec === undefined ? {} : { spec }) });
    this.#runners.set(id, runner);
    void runner.finished.then(() => this.#settle());
  }

  async #forget(id: string, runner: ProxyRunner): Promise<void> {
    this.#runners.delete(id);
    if (!this.#wanted.has(id)) await rm(runner.files.dir, { recursive: true, force: true });
  }

  async #rotateLogs(): Promise<void> {
    const { logBounds = logBoundsDefault, log } = this.#options;
    for (const [id, runner] of this.#runners) {
      // Before it is live, Envoy would die of the signal.
      if (runner.admin === undefined) continue;
      try {
        const moved = [await rotate(runner.files.envoyLog, 'rename', logBounds), await rotate(runner.files.accessLog, 'rename', logBounds)];
        if (moved.includes(true)) runner.signal('SIGUSR1');
        await rotate(runner.files.output, 'copy', logBounds);
      } catch (error) {
        log.warn({ proxy: id, err: error }, 'cannot rotate the logs of Envoy');
      }
    }
  }
}

function nameOf(files: ProxyFiles): string {
  return files.slots.map((slot) => readRecord(slot)?.id).find((id) => id !== undefined) ?? basename(files.dir).replace('_', '/');
}

function runnerOptions(options: SupervisorOptions): RunnerOptions {
  const { binary, stateDir, initialFetchTimeoutMs, maxConnections } = options;
  const drain = { ...drainDefaults, ...options.drain };
  // A program that is not there fails each start, which is where it is told.
  const program = statSync(binary, { throwIfNoEntry: false });
  return {
    settings: {
      binary,
      binaryIdentity: `${program?.ino}/${program?.size}/${program?.mtimeMs}`,
      xdsSocket: stateDir.xdsSocket,
      drainSeconds: Math.max(1, Math.ceil(drain.timeoutMs / 1000)),
      ...(initialFetchTimeoutMs === undefined ? {} : { initialFetchTimeoutMs }),
      ...(maxConnections === undefined ? {} : { maxConnections }),
    },
    backOff: { ...backOffDefaults, ...options.backOff },
    drain,
    log: options.log,
    random: options.random ?? Math.random,
    now: options.now ?? (() => performance.now()),
    onState: options.onState ?? (() => {}),
  };
}
