import type { Problem } from '../../api/problem.ts';
import type { ObjectRef, Resource } from '../../api/resource.ts';

/** What changed at one moment: all of it is one change of the world. */
export interface KubernetesChanges {
  /** New and changed objects. A change of status alone is none. */
  readonly set: readonly Resource[];
  /** Objects that went. None of them is in `set`, all of them were once. */
  readonly deleted: readonly { readonly kind: string; readonly key: string }[];
  /** For each object whose problems changed, all its problems now; none: they are gone. An object with errors stays as it last was good. */
  readonly problems: ReadonlyMap<ObjectRef, readonly Problem[]>;
}

/** What the API server has of an object beyond what translation reads: for whoever writes its status. */
export interface ObservedObject {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  /** As it was read; undefined when there is none. */
  readonly status: unknown;
  /** In which it was read: writing goes through the same version. */
  readonly apiVersion: string;
}
