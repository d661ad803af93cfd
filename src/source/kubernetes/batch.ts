import type { Problem } from '../../api/problem.ts';
import type { ObjectRef, Resource } from '../../api/resource.ts';
import type { KubernetesChanges } from './changes.ts';

interface Pending {
  readonly kind: string;
  readonly key: string;
  /** Whether the consumer knew the object before this batch. */
  readonly wasKnown: boolean;
  /** Undefined: the object went. */
  readonly resource: Resource | undefined;
}

/** Gathers what happens to objects until somebody takes it as one change: of each object only the last state. */
export class Batch {
  #objects = new Map<ObjectRef, Pending>();
  #problems = new Map<ObjectRef, readonly Problem[]>();

  get isEmpty(): boolean {
    return this.#objects.size + this.#problems.size === 0;
  }

  /** `existed`: whether the object had a state right before this one. */
  set(kind: string, key: string, { resource, existed }: { readonly resource: Resource | undefined; readonly existed: boolean }): void {
    const ref: ObjectRef = `${kind}/${key}`;
    this.#objects.set(ref, { kind, key, wasKnown: this.#objects.get(ref)?.wasKnown ?? existed, resource });
  }

  setProblems(kind: string, key: string, problems: readonly Problem[]): void {
    this.#problems.set(`${kind}/${key}`, problems);
  }

  /** All that was gathered; the batch is empty afterwards. */
  take(): KubernetesChanges {
    const set: Resource[] = [];
    const deleted: { kind: string; key: string }[] = [];
    for (const { kind, key, wasKnown, resource } of this.#objects.values()) {
      if (resource !== undefined) set.push(resource);
      else if (wasKnown) deleted.push({ kind, key });
    }
    const problems = this.#problems;
    this.#objects = new Map();
    this.#problems = new Map();
    return { set, deleted, problems };
  }
}
