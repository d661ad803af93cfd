import type { Decode } from './changes.ts';
import { emptyContent, placeOrigins, quietNeeded, readContent, type FileContent } from './content.ts';
import { goneMs, maxFileBytes, quietMs, restlessMs } from './limits.ts';
import { lookAt, readStamped, sameStamp, type Look, type Stamp } from './stamp.ts';
import type { Evidence } from './tree.ts';

interface TrackedFile {
  readonly path: string;
  /** What it looked like when it was last read. */
  stamp: Stamp | undefined;
  /** It was read so soon after a write that another write may have left the stamp as it is. */
  stampUnsure: boolean;
  content: FileContent;
  waiting: Waiting | undefined;
}

/** A file that is looked at again later, to see whether somebody is still busy with it. */
interface Waiting {
  readonly look: Look;
  /** When it was first seen like that. */
  readonly since: number;
  /** When the waiting began. */
  readonly start: number;
  readonly cancel: () => void;
}

interface InspectorOptions {
  /** Paths that the user named: it is a problem if they do not exist. */
  readonly expected: ReadonlySet<string>;
  readonly decode: Decode;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Calls `fn` once after `ms`; returns the way to prevent it. */
  readonly after: (ms: number, fn: () => void) => () => void;
  /** For `confirmMs` of the limits. */
  readonly confirmMs?: number | undefined;
  /** Asks for another `inspect` of this file. */
  readonly again: (path: string) => void;
  /** What is in a file now; empty when it is gone. `inode` tells whether two paths are one file. */
  readonly onContent: (path: string, content: FileContent, inode: string) => void;
  /** Why a file cannot be read, or that it can. */
  readonly onProblem: (path: string, message: string | undefined) => void;
}

/**
 * Decides when a file may be read and keeps what was read of it.
 *
 *     renamed into place ──────────────────────────────► read ─► counts
 *     written in place ──► quiet for 20 ms ────────────► read ─► counts if it is no shorter and has all it had and no errors
 *                     ├──► quiet for 100 ms ───────────► read ─► counts unless objects would go or documents do not parse
 *                     └──► quiet for 2 s ──────────────► read ─► counts
 *     gone ──────────────► still gone after 20 ms ─────► empty
 */
export class Inspector {
  readonly #options: InspectorOptions;
  readonly #files = new Map<string, TrackedFile>();

  constructor(options: InspectorOptions) {
    this.#options = options;
  }

  /** All files that are known, also such as are gone since. */
  paths(): Iterable<string> {
    return this.#files.keys();
  }

  /** Whether some file is not read yet because somebody may be busy with it. */
  get waiting(): boolean {
    for (const { waiting } of this.#files.values()) if (waiting !== undefined) return true;
    return false;
  }

  /** Makes the next `inspect` of each file read it, whatever it looks like. */
  distrust(): void {
    for (const file of this.#files.values()) file.stampUnsure = true;
  }

  stop(): void {
    for (const file of this.#files.values()) stopWaiting(file);
  }

  /** Reads a file if it may have changed and its writer is done; else sees to it that it is looked at again. */
  inspect(path: string, evidence: Evidence): void {
    const look = lookAt(path);
    const file = this.#files.get(path) ?? { path, stamp: undefined, stampUnsure: false, content: emptyContent, waiting: undefined };
    if (typeof look === 'object' && 'error' in look) {
      this.#files.set(path, file);
      // A link in a circle has no content that could be waited for.
      if (look.code === 'ELOOP') this.#forget(file);
      this.#giveUp(file, look.error);
    } else if (look === 'missing' || look.kind === 'directory') {
      this.#inspectGone(file, look);
    } else {
      this.#files.set(path, file);
      this.#inspectFile(file, look, evidence);
    }
  }

  #inspectGone(file: TrackedFile, look: Look): void {
    const isMissed = look === 'missing' && this.#options.expected.has(file.path);
    if ((isMissed || file.stamp !== undefined) && this.#quietFor(file, 'missing') < goneMs) {
      this.#files.set(file.path, file);
      this.#wait(file, 'missing', goneMs);
      return;
    }
    stopWaiting(file);
    this.#options.onProblem(file.path, isMissed ? 'no such file or directory' : undefined);
    this.#forget(file);
  }

  #forget(file: TrackedFile): void {
    if (this.#files.delete(file.path)) this.#options.onContent(file.path, emptyContent, '');
  }

  #inspectFile(file: TrackedFile, look: Stamp, evidence: Evidence): void {
    if (look.kind !== 'file') return this.#giveUp(file, 'is not a regular file');
    if (look.size > maxFileBytes) return this.#giveUp(file, `has ${look.size} bytes, the limit is ${maxFileBytes}`);
    if (sameStamp(look, file.stamp) && !file.stampUnsure) {
      stopWaiting(file);
      this.#options.onProblem(file.path, undefined);
      return;
    }
    const complete = evidence === 'moved' && look.inode !== file.stamp?.inode && look.size > 0;
    const quiet = complete ? Infinity : this.#quietFor(file, look);
    if (quiet < quietMs) this.#wait(file, look, quietMs);
    else this.#read(file, look, quiet);
  }

  #read(file: TrackedFile, look: Stamp, quiet: number): void {
    const read = readStamped(file.path);
    if (read === 'missing') return this.#inspectGone(file, read);
    if ('error' in read) return this.#giveUp(file, read.error);
    if (!sameStamp(look, read.before) || !sameStamp(look, read.after)) return this.#wait(file, read.after, quietMs);
    const content = readContent(file.path, read.bytes, { previous: file.content, decode: this.#options.decode });
    const needed = quietNeeded(content, file.content, this.#options.confirmMs);
    if (quiet < needed) return this.#wait(file, look, needed);
    stopWaiting(file);
    placeOrigins(content);
    file.content = content;
    file.stamp = look;
    file.stampUnsure = this.#options.now() - look.changedMs < quietMs;
    this.#options.onProblem(file.path, undefined);
    this.#options.onContent(file.path, content, look.inode);
  }

  /** What was good before stays. */
  #giveUp(file: TrackedFile, message: string): void {
    stopWaiting(file);
    file.stampUnsure = true;
    this.#options.onProblem(file.path, message);
  }

  /** For how long nobody wrote to a file, as far as can be told: by its own times, and by having looked before. */
  #quietFor(file: TrackedFile, look: Look): number {
    const now = this.#options.now();
    const byTimes = typeof look === 'object' && 'changedMs' in look ? now - look.changedMs : 0;
    const bySight = file.waiting !== undefined && sameStamp(file.waiting.look, look) ? now - file.waiting.since : 0;
    return Math.max(byTimes, bySight);
  }

  #wait(file: TrackedFile, look: Look, ms: number): void {
    const now = this.#options.now();
    const before = file.waiting;
    const start = before?.start ?? now;
    const since = before !== undefined && sameStamp(before.look, look) ? before.since : now;
    before?.cancel();
    const left = Math.max(1, ms - this.#quietFor(file, look));
    file.waiting = { look, since, start, cancel: this.#options.after(left, () => this.#options.again(file.path)) };
    if (now - start > restlessMs) this.#options.onProblem(file.path, 'is being written again and again; its last good objects stay until that ends');
  }
}

function stopWaiting(file: TrackedFile): void {
  file.waiting?.cancel();
  file.waiting = undefined;
}
