import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AdminServer } from '../admin/http-server.ts';
import { Metrics } from '../admin/metrics.ts';
import type { StatusReport } from '../admin/report.ts';
import { findEnvoy, type EnvoyBinary } from '../infra/host/envoy-binary.ts';
import { portHolder } from '../infra/host/port-holder.ts';
import { openStateDir, type StateDir } from '../infra/host/state-dir.ts';
import type { Log } from '../util/log.ts';
import type { Pushed } from '../xds/server/events.ts';
import { openAccessPipe, type AccessPipe } from './access-pipe.ts';
import { adminFile } from './admin-address.ts';
import { adminHandlers } from './admin-handlers.ts';
import { readiness, statusReport } from './reports.ts';
import { fileSettings } from './settings.ts';
import { Standalone } from './standalone.ts';
import { moongateVersion } from './versions.ts';

/** What `moongate run` was told. */
export interface InstanceOptions {
  readonly paths: readonly string[];
  /** Path of the Envoy program; found or installed when absent. */
  readonly envoy?: string;
  readonly stateDir?: string;
  /** Names the state directory below the user's usual one. */
  readonly name?: string;
  /** undefined: no admin port. */
  readonly admin?: HostPort;
  readonly concurrency?: number;
  /** A file that all Envoys append to, or somebody who is handed the lines. undefined: none are written. */
  readonly accessLog?: string | ((lines: Buffer) => void);
  readonly controllerNames?: readonly string[];
  readonly log: Log;
  /** Hears of each response that was handed to an Envoy. */
  readonly onPushed?: (pushed: Pushed) => void;
}

export interface HostPort {
  /** A loopback address or name. */
  readonly host: string;
  /** 0: any. */
  readonly port: number;
}

/** What an instance of the program has come to. */
export type Phase = 'opening' | 'finding Envoy' | 'reading files' | 'serving' | 'stopping';

const phaseReasons: Readonly<Record<Exclude<Phase, 'serving'>, string>> = {
  opening: 'the program has just been started',
  'finding Envoy': 'Envoy is being looked for, or installed',
  'reading files': 'files are being read',
  stopping: 'the program is about to end',
};

/**
 * A standalone gateway with all that belongs to it, in the order in which it is opened (and closed, the other way round):
 *
 *     state directory, locked ─► admin port ─► Envoy program ─► Standalone: files, xDS, Envoys
 */
export class Instance {
  readonly startedAt = new Date();
  readonly metrics: Metrics;
  readonly #options: InstanceOptions;
  readonly #admin: AdminServer;
  #phase: Phase = 'opening';
  #stateDir: StateDir | undefined;
  #adminAddress: string | undefined;
  #envoy: EnvoyBinary | undefined;
  #accessPipe: AccessPipe | undefined;
  #standalone: Standalone | undefined;

  constructor(options: InstanceOptions) {
    this.#options = options;
    this.metrics = new Metrics({
      version: moongateVersion(),
      ads: () => this.#standalone?.ads.counters,
      proxies: () => this.#standalone?.supervisor.states().values() ?? [],
      problems: () => this.#standalone?.problems ?? [],
      objects: () => Object.entries(this.#standalone?.plane.resources ?? {}).map(([kind, objects]) => [kind, objects.size]),
      ready: () => this.notReady().length === 0,
    });
    this.#admin = new AdminServer({ handlers: adminHandlers(this), log: options.log });
  }

  get phase(): Phase {
    return this.#phase;
  }

  get paths(): readonly string[] {
    return this.#options.paths;
  }

  get envoy(): EnvoyBinary | undefined {
    return this.#envoy;
  }

  /** `host:port`; undefined: there is none, or not yet. */
  get adminAddress(): string | undefined {
    return this.#adminAddress;
  }

  get stateDir(): string {
    return this.#stateDir?.path ?? '';
  }

  /** The gateway itself, once there is one. */
  get standalone(): Standalone | undefined {
    return this.#standalone;
  }

  /** Opens everything and begins to serve. Rejects with a sentence for the user; `stop` is to be called all the same. */
  async start(): Promise<void> {
    const { paths, stateDir, name, envoy, controllerNames, concurrency, log, onPushed } = this.#options;
    this.#stateDir = await openStateDir({
      configPaths: paths,
      ...(stateDir === undefined ? {} : { path: stateDir }),
      ...(name === undefined ? {} : { instance: name }),
    });
    await this.#listen(this.#stateDir);
    this.#enter('finding Envoy');
    this.#envoy = await findEnvoy({
      ...(envoy === undefined ? {} : { path: envoy }),
      onProgress: (message) => log.info({}, message),
    });
    const accessLogPath = await this.#openAccessLog(this.#stateDir);
    this.#enter('reading files');
    const { metrics } = this;
    this.#standalone = new Standalone({
      paths,
      stateDir: this.#stateDir,
      envoy: this.#envoy.path,
      settings: fileSettings(controllerNames),
      ...(concurrency === undefined ? {} : { concurrency }),
      ...(accessLogPath === undefined ? {} : { accessLogPath }),
      log,
      onPushed: (pushed) => {
        metrics.pushed(pushed.at);
        onPushed?.(pushed);
      },
      observer: {
        onFilesChanged: () => metrics.changed(performance.now()),
        onSettled: (ms) => metrics.settled(ms),
        onTranslationError: ({ collection }) => metrics.translationFailed(collection),
        onProcessState: (id, state) => metrics.proxyChanged(id, state),
      },
    });
    await this.#standalone.start();
    this.#enter('serving');
  }

  /** Reads all files again. */
  async reload(): Promise<void> {
    await this.#standalone?.reload();
  }

  /** Drains and ends the Envoys, then everything else. */
  async stop(): Promise<void> {
    this.#phase = 'stopping';
    await this.#standalone?.stop();
    this.#accessPipe?.close();
    if (this.#adminAddress !== undefined && this.#stateDir !== undefined) await rm(adminFile(this.#stateDir.path), { force: true });
    await this.#admin.close();
    await this.#stateDir?.release();
  }

  /** Cuts a `stop` short: clients are no longer waited for. */
  hurry(): void {
    this.#standalone?.supervisor.hurry();
  }

  /** Why not everything is served, a sentence each. */
  notReady(): readonly string[] {
    if (this.#phase !== 'serving') return [phaseReasons[this.#phase]];
    return this.#standalone === undefined ? [] : readiness(this.#standalone, this.metrics);
  }

  /** Whether what is missing may come by itself in a moment; a port that another process holds does not. */
  get settling(): boolean {
    if (this.#phase !== 'serving') return true;
    return this.#standalone !== undefined && readiness(this.#standalone, this.metrics, { ports: 'as they are' }).length > 0;
  }

  /** All there is to know for a user. */
  status(): StatusReport {
    const instance = {
      version: moongateVersion(),
      pid: process.pid,
      startedAt: this.startedAt.toISOString(),
      paths: this.paths,
      stateDir: this.stateDir,
      envoy: this.#envoy && { path: this.#envoy.path, version: this.#envoy.version },
      admin: this.#adminAddress ?? 'off',
    };
    const notReady = this.notReady();
    return { instance, ready: notReady.length === 0, notReady, ...statusReport(this.#standalone, this.metrics) };
  }

  #enter(phase: Phase): void {
    if (this.#phase === 'stopping') throw new Error('stopped while starting');
    this.#phase = phase;
  }

  async #openAccessLog({ path }: StateDir): Promise<string | undefined> {
    const { accessLog } = this.#options;
    if (typeof accessLog !== 'function') return accessLog === undefined ? undefined : resolve(accessLog);
    this.#accessPipe = await openAccessPipe(join(path, 'access.pipe'), accessLog);
    return this.#accessPipe.path;
  }

  async #listen(stateDir: StateDir): Promise<void> {
    const { admin } = this.#options;
    if (admin === undefined) return;
    let port: number;
    try {
      port = await this.#admin.listen(admin.host, admin.port);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why = code === 'EADDRINUSE' ? `is taken by ${(await portHolder(admin.port)) ?? 'another process'}` : `cannot be had (${message})`;
      throw new Error(`the admin port ${admin.host}:${admin.port} ${why}: choose another with --admin HOST:PORT, or none with --admin off`, { cause: error });
    }
    this.#adminAddress = `${admin.host}:${port}`;
    // So that other commands find this instance by its state directory.
    await writeFile(adminFile(stateDir.path), `${JSON.stringify({ address: this.#adminAddress, pid: process.pid })}\n`, { mode: 0o600 });
  }
}
