import type { Resource } from '../../api/resource.ts';
import { byText, chain } from '../../util/compare.ts';
import { equal } from '../../util/equal.ts';
import type { FileChanges, FileProblem } from './changes.ts';
import type { Entry } from './content.ts';

interface Published {
  readonly entry: Entry;
  /** As decoded, before it got its generation. */
  readonly decoded: Resource;
  readonly generation: number;
}

/**
 * The objects of all files as one world. Where two files define an object, the first by file and line has it, and
 * the other is a problem until the first one goes.
 *
 *     a.yaml ─┐                       ┌─► a.yaml's resource, generation 3
 *             ├─ HTTPRoute/default/x ─┤
 *     b.yaml ─┘                       └─► problem of b.yaml, which names a.yaml:12
 */
export class Catalog {
  readonly #byFile = new Map<string, Set<Entry>>();
  readonly #byRef = new Map<string, Entry[]>();
  readonly #published = new Map<string, Published>();
  readonly #contested = new Set<string>();
  readonly #touched = new Set<string>();
  /** Which file a path leads to. Two paths to one file define nothing twice. */
  readonly #inodes = new Map<string, string>();

  /** Says what is in a file now; nothing when it is gone. */
  replace(file: string, entries: readonly Entry[], inode: string): void {
    const after = new Set(entries.filter(({ resource }) => resource !== undefined));
    const before = this.#byFile.get(file) ?? new Set();
    for (const entry of before) if (!after.has(entry)) this.#remove(entry);
    for (const entry of after) if (!before.has(entry)) this.#add(entry);
    for (const ref of this.#contested) if (this.#byRef.get(ref)?.some(({ origin }) => origin.file === file)) this.#touched.add(ref);
    if (after.size > 0) {
      this.#byFile.set(file, after);
      this.#inodes.set(file, inode);
    } else {
      this.#byFile.delete(file);
      this.#inodes.delete(file);
    }
  }

  /** What changed for the world since the last call. */
  flush(): Pick<FileChanges, 'set' | 'deleted'> {
    const set: Resource[] = [];
    const deleted: { kind: string; key: string }[] = [];
    for (const ref of this.#touched) {
      const entries = this.#byRef.get(ref) ?? [];
      entries.sort(firstWins);
      if (entries.length > 1) this.#contested.add(ref);
      else this.#contested.delete(ref);
      const before = this.#published.get(ref);
      const winner = entries[0];
      if (winner?.resource === undefined) {
        if (before === undefined) continue;
        this.#published.delete(ref);
        deleted.push({ kind: before.decoded.kind, key: before.decoded.key });
      } else if (winner.resource !== before?.decoded) {
        const generation = nextGeneration(before, winner.resource);
        this.#published.set(ref, { entry: winner, decoded: winner.resource, generation });
        set.push({ ...winner.resource, metadata: { ...winner.resource.metadata, generation } });
      }
    }
    this.#touched.clear();
    return { set, deleted };
  }

  /** The problems of objects that are defined somewhere else as well, by file and in the order of lines. To be called after `flush`. */
  conflicts(): Map<string, FileProblem[]> {
    const problems = new Map<string, FileProblem[]>();
    for (const ref of this.#contested) {
      const [winner, ...losers] = this.#byRef.get(ref) ?? [];
      if (winner === undefined) continue;
      for (const loser of losers) {
        const problem = this.#conflict(winner, loser);
        if (problem === undefined) continue;
        const { file } = loser.origin;
        const list = problems.get(file);
        if (list === undefined) problems.set(file, [problem]);
        else list.push(problem);
      }
    }
    for (const list of problems.values()) list.sort((a, b) => a.line - b.line);
    return problems;
  }

  #conflict(winner: Entry, loser: Entry): FileProblem | undefined {
    const { file, line } = loser.origin;
    const first = winner.origin;
    if (file !== first.file && this.#inodes.get(file) === this.#inodes.get(first.file)) return undefined;
    return {
      file,
      line,
      kind: loser.identity.kind,
      key: loser.identity.key,
      severity: 'error',
      field: '',
      message: `is already defined in ${first.file}:${first.line}; the one in ${file}:${line} is not used`,
    };
  }

  #add(entry: Entry): void {
    const ref = refOfEntry(entry);
    const entries = this.#byRef.get(ref);
    if (entries === undefined) this.#byRef.set(ref, [entry]);
    else entries.push(entry);
    this.#touched.add(ref);
  }

  #remove(entry: Entry): void {
    const ref = refOfEntry(entry);
    const entries = this.#byRef.get(ref)?.filter((other) => other !== entry) ?? [];
    if (entries.length === 0) this.#byRef.delete(ref);
    else this.#byRef.set(ref, entries);
    this.#touched.add(ref);
  }
}

const firstWins = chain<Entry>((a, b) => byText(a.origin.file, b.origin.file), (a, b) => a.origin.line - b.origin.line);

function refOfEntry({ resource }: Entry): string {
  return `${resource?.kind}/${resource?.key}`;
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts: the generation counts changes of what the user wants, not of metadata or status. */
function nextGeneration(before: Published | undefined, after: Resource): number {
  if (before === undefined) return 1;
  return equal(wanted(before.decoded), wanted(after)) ? before.generation : before.generation + 1;
}

function wanted({ object }: Resource): unknown {
  if (typeof object !== 'object' || object === null) return object;
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, status: _status, ...rest } = object as Record<string, unknown>;
  return rest;
}
