import { equal } from '../../util/equal.ts';
import type { FileProblem } from './changes.ts';
import { emptyContent, problemsOf, type FileContent } from './content.ts';

/** Gathers what is wrong with each path from all who know something, and tells what changed of that. */
export class ProblemReport {
  readonly #paths = { tree: new Map<string, string>(), file: new Map<string, string>() };
  readonly #contents = new Map<string, FileContent>();
  readonly #published = new Map<string, readonly FileProblem[]>();
  readonly #touched = new Set<string>();
  #conflicts: ReadonlyMap<string, readonly FileProblem[]> = new Map();

  setPath(source: 'tree' | 'file', path: string, message: string | undefined): void {
    const messages = this.#paths[source];
    if (messages.get(path) === message) return;
    if (message === undefined) messages.delete(path);
    else messages.set(path, message);
    this.#touched.add(path);
  }

  setContent(path: string, content: FileContent): void {
    if (content === emptyContent) this.#contents.delete(path);
    else this.#contents.set(path, content);
    this.#touched.add(path);
  }

  setConflicts(conflicts: ReadonlyMap<string, readonly FileProblem[]>): void {
    for (const file of this.#conflicts.keys()) this.#touched.add(file);
    for (const file of conflicts.keys()) this.#touched.add(file);
    this.#conflicts = conflicts;
  }

  flush(): Map<string, readonly FileProblem[]> {
    const changed = new Map<string, readonly FileProblem[]>();
    for (const path of this.#touched) {
      const problems = this.#problems(path);
      if (equal(problems, this.#published.get(path) ?? [])) continue;
      if (problems.length === 0) this.#published.delete(path);
      else this.#published.set(path, problems);
      changed.set(path, problems);
    }
    this.#touched.clear();
    return changed;
  }

  #problems(file: string): FileProblem[] {
    const problems: FileProblem[] = [];
    for (const messages of [this.#paths.tree, this.#paths.file]) {
      const message = messages.get(file);
      if (message !== undefined) problems.push({ file, line: 0, kind: '', key: '', severity: 'error', field: '', message });
    }
    return [...problems, ...problemsOf(file, this.#contents.get(file) ?? emptyContent), ...(this.#conflicts.get(file) ?? [])];
  }
}
