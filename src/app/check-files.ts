import type { FileProblem } from '../source/files/changes.ts';
import { conditionProblems } from './check.ts';
import type { ControlPlane } from './control-plane.ts';
import { byPlace, loadFiles } from './load.ts';
import { translateOffline } from './offline.ts';
import { fileSettings } from './settings.ts';
import { messageOf } from '../util/error-message.ts';

/** Files, translated as if every proxy ran and took everything. */
export interface CheckedFiles {
  readonly plane: ControlPlane;
  /** Objects that could be decoded. */
  readonly objects: number;
  /** Of files, objects and conditions, sorted by place. */
  readonly problems: readonly FileProblem[];
  readonly ignoredKinds: readonly string[];
}

/** Reads and translates files without touching anything else. */
export async function checkFiles(paths: readonly string[], options: { readonly controllerNames?: readonly string[] } = {}): Promise<CheckedFiles> {
  const { changes, problems, ignoredKinds } = await loadFiles(paths);
  const failed: FileProblem[] = [];
  const plane = translateOffline(changes, {
    settings: fileSettings(options.controllerNames),
    onError: ({ collection, key, error }) => failed.push(bug(collection, key, error)),
  });
  return { plane, objects: changes.length, problems: byPlace([...problems, ...conditionProblems(plane), ...failed]), ignoredKinds };
}

function bug(collection: string, key: string, error: unknown): FileProblem {
  const message = `translation failed, which is a bug: ${messageOf(error)}`;
  return { file: '', line: 0, kind: collection, key, severity: 'error', field: '', message };
}
