import { watch as watchDirectory, type FSWatcher } from 'node:fs';
import type { Log } from '../../util/log.ts';
import { codeOf, systemMessage } from './stamp.ts';

/** Watches the entries of one directory, not what is below; the form of `node:fs`. */
export type Watch = (directory: string, listener: (event: 'rename' | 'change', name: string | null) => void) => Pick<FSWatcher, 'close' | 'on'>;

interface Watched {
  /** Which directory it is: a path that leads to another one needs another watch. */
  readonly inode: string;
  readonly watcher: ReturnType<Watch> | undefined;
  readonly owners: Set<string>;
}

/** One watch for each directory, however many want to know. Says once what to do when there can be no more watches. */
export class Watches {
  readonly #watch: Watch;
  readonly #onEvent: (directory: string, event: 'rename' | 'change', name: string | null) => void;
  readonly #log: Log;
  readonly #watched = new Map<string, Watched>();
  #blind = 0;
  #warned = false;

  constructor(options: {
    readonly watch?: Watch | undefined;
    readonly onEvent: (directory: string, event: 'rename' | 'change', name: string | null) => void;
    readonly log: Log;
  }) {
    this.#watch = options.watch ?? watchDirectory;
    this.#onEvent = options.onEvent;
    this.#log = options.log;
  }

  /** Whether some directory had to go without a watch, so that it must be looked at every now and then. */
  get incomplete(): boolean {
    return this.#blind > 0;
  }

  /** Watches a directory for an owner, any string. Doing it again is harmless and makes up for a watch that failed. */
  acquire(directory: string, inode: string, owner: string): void {
    const known = this.#watched.get(directory);
    if (known !== undefined && known.inode === inode && known.watcher !== undefined) {
      known.owners.add(owner);
      return;
    }
    this.#close(known);
    const watcher = this.#open(directory);
    if (watcher === undefined) this.#blind++;
    this.#watched.set(directory, { inode, watcher, owners: (known?.owners ?? new Set()).add(owner) });
  }

  release(directory: string, owner: string): void {
    const known = this.#watched.get(directory);
    if (known === undefined || !known.owners.delete(owner) || known.owners.size > 0) return;
    this.#close(known);
    this.#watched.delete(directory);
  }

  close(): void {
    for (const watched of this.#watched.values()) this.#close(watched);
    this.#watched.clear();
  }

  #open(directory: string): ReturnType<Watch> | undefined {
    try {
      const watcher = this.#watch(directory, (event, name) => this.#onEvent(directory, event, name));
      watcher.on('error', (error: unknown) => this.#fail(directory, error));
      return watcher;
    } catch (error) {
      this.#warn(directory, error);
      return undefined;
    }
  }

  #fail(directory: string, error: unknown): void {
    const known = this.#watched.get(directory);
    if (known?.watcher === undefined) return;
    known.watcher.close();
    this.#watched.set(directory, { ...known, watcher: undefined });
    this.#blind++;
    this.#warn(directory, error);
  }

  #close(watched: Watched | undefined): void {
    if (watched === undefined) return;
    if (watched.watcher === undefined) this.#blind--;
    else watched.watcher.close();
  }

  #warn(directory: string, error: unknown): void {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || this.#warned) return;
    this.#warned = true;
    const setting =
      code === 'ENOSPC' ? '; raise sysctl fs.inotify.max_user_watches' : code === 'EMFILE' ? '; raise sysctl fs.inotify.max_user_instances' : '';
    this.#log.warn({ directory, code }, `cannot watch directories, looking for changes every second instead: ${systemMessage(error)}${setting}`);
  }
}
