import { join } from 'node:path';
import { applyChanges, type ControlPlane } from './control-plane.ts';
import { Core, type CoreObserver } from './core.ts';
import { logProblems, PortLog } from './news.ts';
import { OwnPicker } from './own-picker.ts';
import { proxyReadiness } from './proxy-readiness.ts';
import { readRejections, writeRejections } from './rejection-file.ts';
import { decodeServed } from './served-kinds.ts';
import type { KindName } from '../api/kinds.ts';
import { PortBinder, portRetryMs } from '../infra/host/ports.ts';
import type { ProxyState as ProcessState } from '../infra/host/proxy-state.ts';
import type { StateDir } from '../infra/host/state-dir.ts';
import { systemCaFile } from '../infra/host/system-ca.ts';
import { Supervisor } from '../infra/host/supervisor.ts';
import type { FileChanges, FileProblem } from '../source/files/changes.ts';
import { FileSource } from '../source/files/file-source.ts';
import type { Settings } from '../translate/inputs.ts';
import { byText } from '../util/compare.ts';
import { equal } from '../util/equal.ts';
import type { Log } from '../util/log.ts';
import type { AdsServer } from '../xds/server/ads-server.ts';
import type { Pushed } from '../xds/server/events.ts';
import type { Withdrawn } from '../xds/server/rejections.ts';
import type { ResourceStore } from '../xds/server/resources.ts';

/** Failures of an Envoy in a row after which its ports are taken to be free for others. */
const failuresToRelease = 4;

/** Hears of what goes on inside, for metrics. */
export interface StandaloneObserver extends CoreObserver {
  /** Something changed in the files; what follows from it is about to be worked out. */
  readonly onFilesChanged?: () => void;
  readonly onProcessState?: (id: string, state: ProcessState) => void;
}

/** What `moongate run` needs to know. */
export interface StandaloneOptions {
  /** Files and directories with resources. */
  readonly paths: readonly string[];
  readonly stateDir: StateDir;
  /** Path of the Envoy program. */
  readonly envoy: string;
  readonly settings: Settings;
  /** Worker threads of each Envoy; undefined: one for each CPU. */
  readonly concurrency?: number;
  readonly accessLogPath?: string;
  readonly observer?: StandaloneObserver;
  readonly log: Log;
  /** Hears of each response that was handed to an Envoy. */
  readonly onPushed?: (pushed: Pushed) => void;
}

/**
 * The gateway on one machine: files in, Envoy processes out.
 *
 *     files ─► FileSource ─► ┌──────┐ ─► wanted ports ─► PortBinder
 *     ports ─► PortBinder ─► │ Core │ ─► proxies ─► Supervisor ─► Envoy processes
 *     Envoy's state ───────► └──────┘ ─► xDS ─► Envoy ─► OwnPicker's process, which reads the files itself
 *
 * Nothing is served before all files have been read and all ports been tried.
 */
export class Standalone {
  readonly #core: Core;
  readonly supervisor: Supervisor;
  readonly picker: OwnPicker;
  readonly #options: StandaloneOptions;
  readonly #files: FileSource;
  readonly #ports: PortBinder;
  readonly #portLog: PortLog;
  readonly #rejectionFile: string;
  readonly #problems = new Map<string, readonly FileProblem[]>();
  readonly #ignoredKinds = new Set<string>();
  #portTimer: NodeJS.Timeout | undefined;
  #portsWanted = false;
  #resolving: Promise<void> | undefined;
  #stopped = false;

  constructor(options: StandaloneOptions) {
    const { log, stateDir } = options;
    this.#options = options;
    const caFile = systemCaFile();
    this.#rejectionFile = join(stateDir.path, 'rejections.json');
    this.#core = new Core({
      settings: { ...options.settings, endpointPicker: { type: 'unix', path: stateDir.pickerSocket } },
      xds: {
        ...(options.accessLogPath !== undefined && { accessLogPath: options.accessLogPath }),
        ...(caFile !== undefined && { systemCaFile: caFile }),
      },
      log,
      ...(options.observer === undefined ? {} : { observer: options.observer }),
      remembered: readRejections(this.#rejectionFile),
      onRejections: (withdrawn) => this.#keepInMind(withdrawn),
      onProgress: (proxy) => this.#refresh(proxy),
      ...(options.onPushed === undefined ? {} : { onPushed: options.onPushed }),
    });
    this.supervisor = new Supervisor({
      stateDir,
      binary: options.envoy,
      log,
      onState: (id, state) => this.#onProcessState(id, state),
    });
    this.picker = new OwnPicker({ plane: this.plane, paths: options.paths, socket: stateDir.pickerSocket, adminSocket: stateDir.pickerAdminSocket, log });
    this.#portLog = new PortLog(log);
    this.#ports = new PortBinder({ heldPorts: () => this.supervisor.heldPorts() });
    this.#files = new FileSource({ paths: options.paths, decode: decodeServed, log, onChange: (changes) => this.#onFiles(changes) });
    this.plane.outputs.wantedPorts.subscribe(() => void this.#resolvePorts());
    this.plane.outputs.proxies.subscribe(() => void this.#reconcile());
  }

  get plane(): ControlPlane {
    return this.#core.plane;
  }

  get store(): ResourceStore {
    return this.#core.store;
  }

  get ads(): AdsServer {
    return this.#core.ads;
  }

  /** Problems of the files, sorted by place. */
  get problems(): readonly FileProblem[] {
    return [...this.#problems.values()].flat().sort((a, b) => byText(a.file, b.file) || a.line - b.line);
  }

  /** Kinds in the files that mean nothing here. */
  get ignoredKinds(): readonly string[] {
    return [...this.#ignoredKinds].sort(byText);
  }

  /** True once the files are read and the ports are known. */
  get ready(): boolean {
    return this.#core.isOpen;
  }

  /** Reads everything, then begins to serve. Rejects when the state directory's socket cannot be had. */
  async start(): Promise<void> {
    await this.ads.listenOnSocket(this.#options.stateDir.xdsSocket);
    await this.#files.start();
    this.picker.start();
    await this.#reconcile();
    await this.#resolvePorts();
    this.#core.open();
  }

  /** Reads all files again. */
  reload(): Promise<void> {
    return this.#files.reload();
  }

  /** Drains and ends the Envoys, then everything else. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#portTimer);
    this.#files.stop();
    await this.supervisor.stop();
    await this.picker.stop();
    await this.ads.close();
  }

  /** Takes note of how far a proxy has come. */
  #refresh(id: string): void {
    const process = this.supervisor.states().get(id);
    if (process === undefined || this.#stopped) return;
    const { ads, store } = this;
    const state = proxyReadiness(id, process, { ads, store });
    if (!equal(state, this.plane.proxyStates.get(id))) this.#core.update(() => this.plane.proxyStates.set(id, state));
  }

  #onFiles({ set, deleted, problems, ignoredKinds }: FileChanges): void {
    for (const [file, found] of problems) {
      logProblems(file, { before: this.#problems.get(file) ?? [], after: found }, this.#options.log);
      if (found.length === 0) this.#problems.delete(file);
      else this.#problems.set(file, found);
    }
    for (const kind of ignoredKinds) this.#ignoredKinds.add(kind);
    this.#options.observer?.onFilesChanged?.();
    this.#core.update(() => {
      applyChanges(this.plane.resources, [
        ...deleted.map(({ kind, key }) => ({ kind: kind as KindName, key, resource: undefined })),
        ...set.map((resource) => ({ kind: resource.kind as KindName, key: resource.key, resource })),
      ]);
    });
  }

  #onProcessState(id: string, state: ProcessState): void {
    this.#options.observer?.onProcessState?.(id, state);
    if (this.#stopped) return;
    // A port is tried again only when its Envoy stays away: the attempt would be in the way of one that is coming back.
    if (state.kind === 'stopped' || (state.kind === 'backoff' && state.failures >= failuresToRelease)) {
      this.#ports.release(id);
      void this.#resolvePorts();
    }
    if (state.kind === 'stopped') this.#core.update(() => this.plane.proxyStates.delete(id));
    else this.#refresh(id);
  }

  #keepInMind(withdrawn: Iterable<Withdrawn>): void {
    try {
      writeRejections(this.#rejectionFile, withdrawn);
    } catch (error) {
      this.#options.log.warn({ err: error, file: this.#rejectionFile }, 'cannot keep in mind what Envoy refused');
    }
  }

  #reconcile(): Promise<void> {
    const { concurrency } = this.#options;
    const wanted = [...this.plane.outputs.proxies.values()].map(({ id }) => ({ id, ...(concurrency === undefined ? {} : { concurrency }) }));
    return this.supervisor.reconcile(new Map(wanted.map((spec) => [spec.id, spec])));
  }

  /** One at a time; what is wanted meanwhile is looked at afterwards. */
  #resolvePorts(): Promise<void> {
    this.#portsWanted = true;
    this.#resolving ??= this.#resolvePortsOnce().finally(() => {
      this.#resolving = undefined;
    });
    return this.#resolving;
  }

  async #resolvePortsOnce(): Promise<void> {
    while (this.#portsWanted && !this.#stopped) {
      this.#portsWanted = false;
      clearTimeout(this.#portTimer);
      const wanted = [...this.plane.outputs.wantedPorts.entries()].sort(([a], [b]) => byText(a, b));
      const resolved = await this.#ports.resolve(wanted.map(([, port]) => port));
      if (resolved.some((port) => port.error !== undefined) && !this.#stopped) {
        this.#portTimer = setTimeout(() => void this.#resolvePorts(), portRetryMs);
      }
      this.#core.update(() => {
        const { portBindings } = this.plane;
        const found = new Map(resolved.map((port, i) => [wanted[i]?.[0] ?? '', port]));
        for (const [key] of [...portBindings.entries()]) if (!found.has(key)) portBindings.delete(key);
        for (const [key, port] of found) {
          portBindings.set(key, port.error === undefined ? { boundPort: port.bound, clientPort: port.bound } : { error: port.error });
        }
        this.#portLog.update(found);
      });
    }
  }
}
