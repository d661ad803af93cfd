import type { KubeObject } from '../../kube/object.ts';
import { contentHash } from '../../util/hash.ts';
import { appliedAnnotation } from './labels.ts';
import { objectKey } from './managed-kinds.ts';

/** No answer to a write is longer behind the watch: requests have a limit. */
const answerLagMs = 60_000;
/** No watch is longer behind the answer to a write. */
const watchLagMs = 2000;

/** What the API server answered to our writes, as far as it still tells something that the watch does not. */
export class WriteMemory {
  readonly #now: () => number;
  readonly #answers = new Map<string, { readonly object: KubeObject; readonly at: number }>();
  /** Objects that the watch has told to be gone, by uid, and when. */
  readonly #gone = new Map<string, number>();
  /** By key: what was applied, and what the server made of it. */
  readonly #likenesses = new Map<string, string>();

  /** `now` in milliseconds, only forward. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes in the answer; `applied` is undefined after a deletion. */
  remember(stored: KubeObject, applied: KubeObject | undefined): void {
    const key = objectKey(stored);
    this.#answers.set(key, { object: stored, at: this.#now() });
    if (applied === undefined) this.#likenesses.delete(key);
    else this.#likenesses.set(key, likeness(applied, stored));
  }

  /** The watch says that the object is gone. */
  forget(key: string, uid: string | undefined): void {
    this.#answers.delete(key);
    this.#likenesses.delete(key);
    const now = this.#now();
    // In the order of time, so the oldest come first.
    for (const [old, at] of this.#gone) {
      if (now - at < answerLagMs) break;
      this.#gone.delete(old);
    }
    if (uid !== undefined) this.#gone.set(uid, now);
  }

  /** Whether the watch has told more of an object by now than the answer to a write does. `known` is what it told last. */
  isOvertaken({ metadata }: KubeObject, known: KubeObject | undefined): boolean {
    if (this.#gone.has(metadata.uid ?? '')) return true;
    return known !== undefined && known.metadata.uid === metadata.uid && Number(known.metadata.resourceVersion) > Number(metadata.resourceVersion);
  }

  /** Whether we know better than the watch does at this moment. */
  isOutrun(watched: KubeObject): boolean {
    const key = objectKey(watched);
    const answer = this.#answers.get(key);
    if (answer === undefined) return false;
    const { uid, resourceVersion } = answer.object.metadata;
    // Versions grow, but for an API server that was restored from a backup.
    const isBehind = uid === watched.metadata.uid && Number(watched.metadata.resourceVersion) < Number(resourceVersion);
    if (isBehind && this.#now() - answer.at < watchLagMs) return true;
    this.#answers.delete(key);
    return false;
  }

  /** Whether a stored object, though it does not look like it, is what the server made of the wanted one. */
  isAccepted(wanted: KubeObject, stored: KubeObject): boolean {
    return this.#likenesses.get(objectKey(wanted)) === likeness(wanted, stored);
  }
}

/** What was wanted and what is stored, but for what changes by itself. */
function likeness(wanted: KubeObject, stored: KubeObject): string {
  const { status: _status, metadata, ...rest } = stored;
  const { labels, annotations, ownerReferences } = metadata;
  return `${wanted.metadata.annotations?.[appliedAnnotation]} ${contentHash(JSON.stringify([rest, labels, annotations, ownerReferences]))}`;
}
