import type { KindName } from '../api/kinds.ts';
import type { FileChanges, FileProblem } from '../source/files/changes.ts';
import { FileSource } from '../source/files/file-source.ts';
import { byText } from '../util/compare.ts';
import { silentLog } from '../util/log.ts';
import type { ResourceChange } from './control-plane.ts';
import { decodeServed } from './served-kinds.ts';

/** What some files say, read once. */
export interface Loaded {
  readonly changes: readonly ResourceChange[];
  /** Sorted by place. */
  readonly problems: readonly FileProblem[];
  /** Kinds that mean nothing to a gateway, sorted. */
  readonly ignoredKinds: readonly string[];
}

/** Reads files and directories as `run` does, but only once. What cannot be read is a problem, never an exception. */
export async function loadFiles(paths: readonly string[]): Promise<Loaded> {
  let all: FileChanges = { set: [], deleted: [], problems: new Map(), ignoredKinds: [] };
  const source = new FileSource({ paths, decode: decodeServed, log: silentLog, onChange: (changes) => (all = changes) });
  try {
    await source.start();
  } finally {
    source.stop();
  }
  return {
    changes: all.set.map((resource) => ({ kind: resource.kind as KindName, key: resource.key, resource })),
    problems: byPlace([...all.problems.values()].flat()),
    ignoredKinds: all.ignoredKinds,
  };
}

/** Problems in the order of files and lines. */
export function byPlace(problems: readonly FileProblem[]): FileProblem[] {
  return problems.toSorted((a, b) => byText(a.file, b.file) || a.line - b.line);
}
