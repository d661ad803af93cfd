import { normalize } from 'node:path';
import { byText } from '../../util/compare.ts';
import type { Log } from '../../util/log.ts';
import { Catalog } from './catalog.ts';
import type { Decode, FileChanges } from './changes.ts';
import { entriesOf, type FileContent } from './content.ts';
import { Inspector } from './inspector.ts';
import { gatherMs, pollMs, rescanMs, sliceMs, startWaitMs } from './limits.ts';
import { ProblemReport } from './problem-report.ts';
import { Tree, type Evidence } from './tree.ts';
import type { Watch } from './watches.ts';

export interface FileSourceOptions {
  /** Files and directories. A file may have any name; in directories `.yaml`, `.yml` and `.json` count. */
  readonly paths: readonly string[];
  readonly decode: Decode;
  /** Hears of each change as a whole, synchronously. Not called when nothing changed. */
  readonly onChange: (changes: FileChanges) => void;
  readonly log: Log;
  /** Milliseconds since 1970, by the clock of the file system. */
  readonly now?: () => number;
  /** Calls `fn` once after `ms`; returns the way to prevent it. */
  readonly after?: (ms: number, fn: () => void) => () => void;
  /** How long (ms) nobody must have written in place to a file before it loses objects; that of the limits unless given. */
  readonly confirmMs?: number;
  readonly watch?: Watch;
}

/**
 * Resources from YAML and JSON files, read again when they change.
 *
 *     inotify ─► Tree ─► queue ─► Inspector ─► Catalog ─► onChange
 *                          ▲          │
 *                          └──────────┘ somebody is still writing: later
 *
 * A file that was renamed into place is read in the same turn of the event loop. All that a turn finds is one change.
 */
export class FileSource {
  readonly #options: FileSourceOptions;
  readonly #now: () => number;
  readonly #after: (ms: number, fn: () => void) => () => void;
  readonly #tree: Tree;
  readonly #inspector: Inspector;
  readonly #catalog = new Catalog();
  /** Files to look at because something happened to them. */
  readonly #urgent = new Map<string, Evidence>();
  /** Files to look at because it is time to look at all. They never keep an urgent one waiting. */
  readonly #backlog = new Map<string, Evidence>();
  readonly #report = new ProblemReport();
  readonly #ignoredKinds = new Set<string>();
  readonly #newIgnoredKinds = new Set<string>();
  #synced = false;
  #stopped = false;
  #gatheringSince: number | undefined;
  #turn: NodeJS.Immediate | undefined;
  #scan: Promise<void> | undefined;
  #inScan = false;
  #rescanMs = 0;
  #cancelRescan: () => void = () => {};
  #waiters: (() => void)[] = [];

  constructor(options: FileSourceOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#after = options.after ?? afterTimeout;
    const paths = new Set(options.paths.map((path) => withoutSlash(normalize(path))));
    this.#tree = new Tree({
      paths: [...paths],
      onFile: (path, evidence) => this.#enqueue(path, evidence),
      onProblem: (path, message) => this.#report.setPath('tree', path, message),
      onEvents: () => this.#schedule(),
      watch: options.watch,
      log: options.log,
    });
    this.#inspector = new Inspector({
      expected: paths,
      decode: options.decode,
      now: this.#now,
      after: this.#after,
      confirmMs: options.confirmMs,
      again: (path) => this.#enqueue(path, 'changed'),
      onContent: (path, content, inode) => this.#setContent(path, content, inode),
      onProblem: (path, message) => this.#report.setPath('file', path, message),
    });
  }

  /** Reads everything and goes on watching. When it resolves, `onChange` has heard of all there is, in one call. */
  async start(): Promise<void> {
    await this.#scanAll();
    await this.#settled();
    if (this.#stopped) return;
    this.#synced = true;
    this.#publish();
    this.#planRescan();
  }

  /** Reads every file again, whether or not it looks changed. Resolves when `onChange` has heard of it. */
  async reload(): Promise<void> {
    await this.#scan;
    this.#inspector.distrust();
    await this.#scanAll();
    await this.#settled();
  }

  /** Stops watching. `onChange` is not called again. */
  stop(): void {
    this.#stopped = true;
    this.#tree.close();
    this.#inspector.stop();
    this.#cancelRescan();
    clearImmediate(this.#turn);
    this.#urgent.clear();
    this.#backlog.clear();
    this.#wake();
  }

  #planRescan(): void {
    if (this.#stopped) return;
    this.#rescanMs = this.#tree.blind ? pollMs : rescanMs;
    this.#cancelRescan();
    this.#cancelRescan = this.#after(this.#rescanMs, () => {
      void this.#scanAll().then(() => this.#planRescan());
    });
  }

  #scanAll(): Promise<void> {
    this.#scan ??= this.#runScan().finally(() => {
      this.#scan = undefined;
    });
    return this.#scan;
  }

  async #runScan(): Promise<void> {
    const steps = this.#tree.scan();
    let sliceEnd = performance.now() + sliceMs;
    while (!this.#stopped) {
      this.#inScan = true;
      const { done } = steps.next();
      this.#inScan = false;
      if (done === true) return;
      if (performance.now() < sliceEnd) continue;
      await new Promise(setImmediate);
      sliceEnd = performance.now() + sliceMs;
    }
  }

  /** Resolves when all that is queued was looked at, and nobody is busy with a file or was so for too long. */
  async #settled(): Promise<void> {
    let late = false;
    const cancel = this.#after(startWaitMs, () => {
      late = true;
      this.#wake();
    });
    while (!this.#stopped && (this.#turn !== undefined || (!late && this.#inspector.waiting))) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    cancel();
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  #enqueue(path: string, evidence: Evidence): void {
    const queue = this.#inScan ? this.#backlog : this.#urgent;
    queue.set(path, queue.get(path) === 'changed' ? 'changed' : evidence);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      this.#takeTurn();
      this.#wake();
    });
  }

  /** Handles what came in, for no longer than a slice, and publishes when nothing urgent is left or it took too long. */
  #takeTurn(): void {
    this.#tree.handleEvents();
    const hadUrgent = this.#urgent.size > 0;
    const sliceEnd = performance.now() + sliceMs;
    this.#work(this.#urgent, sliceEnd);
    if (this.#urgent.size === 0) this.#work(this.#backlog, sliceEnd);
    const isDone = this.#urgent.size + this.#backlog.size === 0;
    if (!isDone) this.#schedule();
    this.#gatheringSince ??= this.#now();
    const isLate = this.#now() - this.#gatheringSince > gatherMs;
    if (!isDone && !isLate && !(hadUrgent && this.#urgent.size === 0)) return;
    this.#gatheringSince = undefined;
    if (!this.#synced) return;
    this.#publish();
    if (this.#tree.blind !== (this.#rescanMs === pollMs)) this.#planRescan();
  }

  #work(queue: Map<string, Evidence>, until: number): void {
    for (const [path, evidence] of queue) {
      queue.delete(path);
      this.#inspector.inspect(path, evidence);
      if (performance.now() > until) return;
    }
  }

  #setContent(path: string, content: FileContent, inode: string): void {
    const entries = entriesOf(content);
    this.#catalog.replace(path, entries, inode);
    this.#report.setContent(path, content);
    for (const { ignored, identity } of entries) {
      if (!ignored || this.#ignoredKinds.has(identity.kind)) continue;
      this.#ignoredKinds.add(identity.kind);
      this.#newIgnoredKinds.add(identity.kind);
    }
  }

  #publish(): void {
    const { set, deleted } = this.#catalog.flush();
    this.#report.setConflicts(this.#catalog.conflicts());
    const problems = this.#report.flush();
    const ignoredKinds = [...this.#newIgnoredKinds].sort(byText);
    this.#newIgnoredKinds.clear();
    if (set.length + deleted.length + problems.size + ignoredKinds.length === 0) return;
    this.#options.onChange({ set, deleted, problems, ignoredKinds });
  }
}

function afterTimeout(ms: number, fn: () => void): () => void {
  const timer = setTimeout(fn, ms);
  return () => clearTimeout(timer);
}

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
