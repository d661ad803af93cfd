import type { Problem } from '../../api/problem.ts';
import type { Decoded, Origin, Resource } from '../../api/resource.ts';

/** Makes a resource of a parsed object. The origin is kept by reference: its line follows the object as it moves in its file. */
export type Decode = (value: unknown, origin: Origin) => Decoded;

/** One thing wrong with a file, a directory or an object in a file. */
export interface FileProblem extends Problem {
  /** Path as the user gave it, or below it. */
  readonly file: string;
  /** From 1; 0 when it is about the whole file. */
  readonly line: number;
  /** Kind of the object; empty when it is about the file. */
  readonly kind: string;
  /** `namespace/name` of the object as far as it is known; empty when it is about the file. */
  readonly key: string;
}

/** What changed at one moment: all of it is one change of the world. */
export interface FileChanges {
  /** New and changed objects. */
  readonly set: readonly Resource[];
  /** Objects that went. None of them is in `set`. */
  readonly deleted: readonly { readonly kind: string; readonly key: string }[];
  /** For each path whose problems changed, all its problems now; none: they are gone. */
  readonly problems: ReadonlyMap<string, readonly FileProblem[]>;
  /** Kinds that mean nothing to a gateway and were met for the first time, sorted. */
  readonly ignoredKinds: readonly string[];
}
