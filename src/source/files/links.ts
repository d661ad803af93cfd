import { lstatSync, readlinkSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { inodeOf, lookAt } from './stamp.ts';
import type { Watches } from './watches.ts';

/** Links to links that are followed; the kernel gives up at 40. */
const maxHops = 40;

/**
 * The symbolic links among the files, and a watch on each directory that one of them leads to: a file elsewhere that
 * comes, changes or goes is a change of the link.
 */
export class Links {
  readonly #watches: Watches;
  /** Links by each path that they lead through and to, and the other way round. */
  readonly #byHop = new Map<string, Set<string>>();
  readonly #hops = new Map<string, readonly string[]>();

  constructor(watches: Watches) {
    this.#watches = watches;
  }

  /** The links that lead to this path. */
  to(path: string): string[] {
    return [...(this.#byHop.get(path) ?? [])];
  }

  /** Whether a path was a link when it was last looked at. */
  has(path: string): boolean {
    return this.#hops.has(path);
  }

  /** Looks whether a path is a link, and where it leads. */
  follow(path: string): void {
    const hops = hopsFrom(path);
    if (hops.join('\0') === (this.#hops.get(path) ?? []).join('\0')) return;
    this.unfollow(path);
    if (hops.length === 0) return;
    this.#hops.set(path, hops);
    for (const hop of hops) {
      const links = this.#byHop.get(hop);
      if (links === undefined) this.#byHop.set(hop, new Set([path]));
      else links.add(path);
      const inode = inodeOf(lookAt(dirname(hop)));
      if (inode !== '') this.#watches.acquire(dirname(hop), inode, `link ${path}`);
    }
  }

  unfollow(path: string): void {
    for (const hop of this.#hops.get(path) ?? []) {
      const links = this.#byHop.get(hop);
      links?.delete(path);
      if (links?.size === 0) this.#byHop.delete(hop);
      this.#watches.release(dirname(hop), `link ${path}`);
    }
    this.#hops.delete(path);
  }
}

function hopsFrom(path: string): string[] {
  const hops: string[] = [];
  try {
    // Asking first: most files are no links, and an error costs much more than an answer.
    for (let at = path; hops.length < maxHops && lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() === true; ) {
      at = resolve(dirname(at), readlinkSync(at));
      hops.push(at);
    }
  } catch {
    // The last hop cannot be looked at.
  }
  return hops;
}
