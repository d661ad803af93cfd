import { readdirSync, type Dirent } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { byText } from '../../util/compare.ts';
import type { Log } from '../../util/log.ts';
import { maxDepth, maxDirectories, maxFiles } from './limits.ts';
import { Links } from './links.ts';
import { inodeOf, lookAt, systemMessage, type Look } from './stamp.ts';
import { Watches, type Watch } from './watches.ts';

/**
 * What is known of how a file came to be what it is:
 * - `moved`: it was put there by a rename, so it is complete
 * - `changed`: nothing, its writer may be in the middle
 */
export type Evidence = 'moved' | 'changed';

interface Directory {
  readonly inode: string;
  readonly depth: number;
  files: Set<string>;
  directories: Set<string>;
}

interface TreeOptions {
  readonly paths: readonly string[];
  /** Look at this file: it is new, may have changed or gone. */
  readonly onFile: (path: string, evidence: Evidence) => void;
  /** What is wrong with a path, or that nothing is any more. */
  readonly onProblem: (path: string, message: string | undefined) => void;
  /** Events came in: call `handleEvents`, best after the others that came with them. */
  readonly onEvents: () => void;
  readonly watch?: Watch | undefined;
  readonly log: Log;
}

const extensions = new Set(['.yaml', '.yml', '.json']);

/**
 * Knows which files there are below the given paths, and watches their directories.
 *
 *     given path ──► directory ──► directory …      each is watched
 *          ▲             ├──► file ─── inspected
 *          │             └──► link ──► file elsewhere: its directory is watched as well
 *     its parent, or the nearest one that exists: watched, so that a path may come and go
 *
 * Names that start with a dot are skipped. A mounted ConfigMap needs no more than that: its files are links through
 * `..data`, a hidden link to a hidden directory, and a change of `..data` is a change of all of them.
 *
 *     x.yaml ──► ..data/x.yaml        ..data ──► ..2026_01_31_12_00_00.123/
 */
export class Tree {
  readonly #options: TreeOptions;
  readonly #watches: Watches;
  readonly #directories = new Map<string, Directory>();
  /** What must appear or change for a given path to be looked at again: the path, or one above it that does not exist. */
  readonly #guards = new Map<string, { readonly directory: string; readonly child: string }>();
  readonly #links: Links;
  readonly #events = new Map<string, { renames: number; changes: number }>();
  #fileCount = 0;

  constructor(options: TreeOptions) {
    this.#options = options;
    this.#watches = new Watches({
      watch: options.watch,
      log: options.log,
      onEvent: (directory, event, name) => {
        const path = name === null ? directory : join(directory, name);
        const seen = this.#events.get(path) ?? { renames: 0, changes: 0 };
        if (event === 'rename') seen.renames++;
        else seen.changes++;
        this.#events.set(path, seen);
        options.onEvents();
      },
    });
    this.#links = new Links(this.#watches);
  }

  /** Whether changes may be missed for want of watches. */
  get blind(): boolean {
    return this.#watches.incomplete;
  }

  /** Looks at everything again. Yields after each directory so that others get their turn. */
  *scan(): Generator<void> {
    for (const path of this.#options.paths) yield* this.#visitRoot(path, 'changed');
  }

  /** Looks at what the events since the last call are about. */
  handleEvents(): void {
    const events = [...this.#events];
    this.#events.clear();
    for (const [path, { renames, changes }] of events) this.#handle(path, renames === 1 && changes === 0 ? 'moved' : 'changed');
  }

  close(): void {
    this.#watches.close();
    this.#events.clear();
  }

  #handle(path: string, evidence: Evidence): void {
    for (const link of this.#links.to(path)) {
      this.#links.follow(link);
      this.#options.onFile(link, evidence);
    }
    const parent = dirname(path);
    const name = basename(path);
    for (const [root, guard] of this.#guards) {
      // A directory that goes tells its own watch, under its own name.
      const guardGone = guard.directory === parent && basename(parent) === name;
      if (guard.child === path || guardGone) finish(this.#visitRoot(root, evidence));
    }
    const directory = this.#directories.get(parent);
    if (directory === undefined) {
      const root = this.#directories.get(path);
      if (root !== undefined) finish(this.#visit(path, root.depth, 'changed'));
    } else if (name === '..data') {
      finish(this.#visit(parent, directory.depth, 'moved'));
    } else if (!name.startsWith('.')) {
      this.#handleEntry(path, directory, evidence);
    }
  }

  #handleEntry(path: string, directory: Directory, evidence: Evidence): void {
    const parent = dirname(path);
    const name = basename(path);
    const look = lookAt(path);
    if (inodeOf(look) === '' && inodeOf(lookAt(parent)) !== directory.inode) {
      // The directory itself went, which its watch tells under its own name; another may be in its place already.
      finish(this.#visit(parent, directory.depth, 'changed'));
    } else if (kindOfLook(look, name) === 'directory') {
      directory.directories.add(name);
      finish(this.#visit(path, directory.depth + 1, 'changed'));
    } else if (directory.directories.delete(name)) {
      this.#forget(path);
      this.#handleEntry(path, directory, evidence);
    } else if (isWanted(name)) {
      this.#links.follow(path);
      // A link that leads nowhere may lead somewhere later.
      const exists = look !== 'missing' || this.#links.has(path);
      if (exists && !directory.files.has(name)) {
        if (!this.#room(parent)) return;
        directory.files.add(name);
        this.#fileCount++;
      } else if (!exists && directory.files.delete(name)) {
        this.#fileCount--;
      }
      this.#options.onFile(path, evidence);
    }
  }

  *#visitRoot(root: string, evidence: Evidence): Generator<void> {
    this.#guard(root);
    const look = lookAt(root);
    if (look === 'missing') {
      this.#forget(root);
      this.#links.unfollow(root);
      this.#options.onFile(root, evidence);
    } else if ('error' in look) {
      this.#options.onProblem(root, look.error);
    } else if (look.kind === 'directory') {
      // It may have been missing, or a file.
      this.#options.onFile(root, evidence);
      yield* this.#visit(root, 0, 'changed');
    } else {
      this.#forget(root);
      this.#links.follow(root);
      this.#options.onFile(root, evidence);
    }
  }

  #guard(root: string): void {
    let child = root;
    let directory = dirname(child);
    let look = lookAt(directory);
    while (look === 'missing' && dirname(directory) !== directory) {
      child = directory;
      directory = dirname(child);
      look = lookAt(directory);
    }
    const before = this.#guards.get(root);
    this.#guards.set(root, { directory, child });
    this.#watches.acquire(directory, inodeOf(look), `guard of ${root}`);
    if (before !== undefined && before.directory !== directory) this.#watches.release(before.directory, `guard of ${root}`);
  }

  *#visit(path: string, depth: number, evidence: Evidence): Generator<void> {
    const look = lookAt(path);
    const inode = inodeOf(look);
    if (look === 'missing' || (!('error' in look) && look.kind !== 'directory')) return this.#forget(path);
    if ('error' in look) {
      // What is there but cannot be looked at keeps what was read of it; a link in a circle is nothing.
      if (look.code === 'ELOOP') this.#forget(path);
      return this.#options.onProblem(path, look.error);
    }
    const obstacle = this.#obstacle(path, depth, inode);
    if (obstacle !== undefined) {
      this.#forget(path);
      this.#options.onProblem(path, obstacle);
      return;
    }
    const known = this.#directories.get(path);
    const directory: Directory = { inode, depth, files: known?.files ?? new Set(), directories: known?.directories ?? new Set() };
    this.#directories.set(path, directory);
    // Before it is read, so that what comes while it is read is not lost.
    this.#watches.acquire(path, inode, 'tree');
    let entries: Dirent[];
    try {
      entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => byText(a.name, b.name));
    } catch (error) {
      this.#options.onProblem(path, systemMessage(error));
      return;
    }
    this.#options.onProblem(path, undefined);
    yield* this.#enter(path, directory, entries, evidence);
  }

  *#enter(path: string, directory: Directory, entries: readonly Dirent[], evidence: Evidence): Generator<void> {
    const { files: filesBefore, directories: directoriesBefore } = directory;
    const files = new Set<string>();
    const directories = new Set<string>();
    directory.files = files;
    directory.directories = directories;
    this.#fileCount -= filesBefore.size;
    for (const entry of entries) {
      const { name } = entry;
      if (name.startsWith('.')) continue;
      if (kindOf(entry, join(path, name)) === 'directory') directories.add(name);
      else if (isWanted(name) && this.#room(path)) {
        files.add(name);
        this.#fileCount++;
      }
    }
    for (const name of filesBefore) if (!files.has(name)) this.#drop(join(path, name));
    for (const name of directoriesBefore) if (!directories.has(name)) this.#forget(join(path, name));
    const links = new Set(entries.filter((entry) => entry.isSymbolicLink()).map(({ name }) => name));
    for (const name of files) {
      if (links.has(name) || this.#links.has(join(path, name))) this.#links.follow(join(path, name));
      this.#options.onFile(join(path, name), evidence);
    }
    yield;
    for (const name of directories) yield* this.#visit(join(path, name), directory.depth + 1, evidence);
  }

  /** Why a directory is not entered. */
  #obstacle(path: string, depth: number, inode: string): string | undefined {
    if (depth > maxDepth) return `is nested more than ${maxDepth} directories deep; it is not read`;
    if (!this.#directories.has(path) && this.#directories.size >= maxDirectories) {
      return `is one of more than ${maxDirectories} directories; it is not read`;
    }
    for (let above = path, left = depth; left > 0; left--) {
      above = dirname(above);
      if (this.#directories.get(above)?.inode === inode) return `leads back to ${above}, a directory above it; it is not read`;
    }
    return undefined;
  }

  #room(directory: string): boolean {
    if (this.#fileCount < maxFiles) return true;
    this.#options.onProblem(directory, `has files beyond the first ${maxFiles}; they are not read`);
    return false;
  }

  #forget(path: string): void {
    const directory = this.#directories.get(path);
    this.#options.onProblem(path, undefined);
    if (directory === undefined) return;
    this.#directories.delete(path);
    this.#watches.release(path, 'tree');
    this.#fileCount -= directory.files.size;
    for (const name of directory.files) this.#drop(join(path, name));
    for (const name of directory.directories) this.#forget(join(path, name));
  }

  #drop(path: string): void {
    this.#links.unfollow(path);
    this.#options.onFile(path, 'changed');
  }
}

function finish(steps: Generator<void>): void {
  for (const _ of steps);
}

function isWanted(name: string): boolean {
  return extensions.has(extname(name));
}

function kindOf(entry: Dirent, path: string): 'directory' | 'other' {
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? kindOfLook(lookAt(path), entry.name) : 'other';
}

/** What cannot be looked at, a link that leads to itself for example, is reported as a directory that cannot be entered unless it has the name of a file. */
function kindOfLook(look: Look, name: string): 'directory' | 'other' {
  if (look === 'missing') return 'other';
  const isDirectory = 'error' in look ? !isWanted(name) : look.kind === 'directory';
  return isDirectory ? 'directory' : 'other';
}
