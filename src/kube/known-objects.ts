import { keyOfObject } from './object.ts';
import type { KubeObject } from './object.ts';
import type { ReflectorChanges } from './reflector-state.ts';

/** One event of a watch that carries an object. */
export interface ObjectEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

/** Which objects a consumer was told of, and in which version: all that is kept of them. Turns lists and events into differences. */
export class KnownObjects {
  /** Key → resource version: it is unique in a cluster's history, so an object that was deleted and created again differs, too. */
  readonly #versions: Map<string, string>;

  constructor(versions: Iterable<readonly [string, string]> = []) {
    this.#versions = new Map(versions);
  }

  get size(): number {
    return this.#versions.size;
  }

  entries(): Iterable<[string, string]> {
    return this.#versions.entries();
  }

  /** What a page of a list tells that was not known. Its keys are added to `seen`. */
  applyPage(items: readonly KubeObject[], seen: Set<string>): ReflectorChanges<KubeObject> {
    const set: KubeObject[] = [];
    for (const object of items) {
      const key = keyOfObject(object);
      seen.add(key);
      if (this.#learn(key, object)) set.push(object);
    }
    return { set, deleted: [] };
  }

  /** What is gone after a list that had all keys of `seen`. */
  forgetUnseen(seen: ReadonlySet<string>): ReflectorChanges<KubeObject> {
    const deleted = [...this.#versions.keys()].filter((key) => !seen.has(key));
    for (const key of deleted) this.#versions.delete(key);
    return { set: [], deleted };
  }

  /** What events tell, in their order: of each object only its last state. */
  applyEvents(events: readonly ObjectEvent[]): ReflectorChanges<KubeObject> {
    const before = new Map<string, boolean>();
    const last = new Map<string, KubeObject | undefined>();
    for (const { type, object } of events) {
      const key = keyOfObject(object);
      if (!before.has(key)) before.set(key, this.#versions.has(key));
      if (type === 'DELETED') {
        this.#versions.delete(key);
        last.set(key, undefined);
      } else if (this.#learn(key, object)) last.set(key, object);
    }
    const set: KubeObject[] = [];
    const deleted: string[] = [];
    for (const [key, object] of last) {
      if (object !== undefined) set.push(object);
      else if (before.get(key) === true) deleted.push(key);
    }
    return { set, deleted };
  }

  /** What was told is not certain to have arrived, or to be so still: everything will be told again, and so will these deletions. */
  distrust(deleted: readonly string[] = []): void {
    for (const key of this.#versions.keys()) this.#versions.set(key, '');
    for (const key of deleted) this.#versions.set(key, '');
  }

  #learn(key: string, { metadata: { resourceVersion = '' } }: KubeObject): boolean {
    if (this.#versions.get(key) === resourceVersion) return false;
    this.#versions.set(key, resourceVersion);
    return true;
  }
}
