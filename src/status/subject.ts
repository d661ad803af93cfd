import type { Fields } from './plan/fields.ts';
import { merge, type MergeContext } from './plan/merge.ts';
import { sameStatus } from './plan/same.ts';
import { Belief } from './belief.ts';
import type { Pace } from './pace.ts';
import type { ObservedStatus, WantedStatus } from './wanted-status.ts';

/** All that the writer knows of one object. */
export interface Subject {
  readonly kind: string;
  readonly key: string;
  readonly belief: Belief;
  /** undefined: nothing, or nothing any more. */
  wanted: WantedStatus | undefined;
  /** A request about it is under way. */
  busy: boolean;
  pace: Pace | undefined;
  /** After trouble, nothing is sent before this time. */
  notBefore: number;
  /** In a row. */
  conflicts: number;
  /** In a row. */
  failures: number;
  /** Versions that somebody has overtaken; when the watch does not bring a newer one by `lookAt`, the API server is asked. */
  outdated: { readonly versions: readonly string[]; readonly lookAt: number } | undefined;
  /** A pair that the API server will not have: it is not sent again. */
  hopeless: { readonly wanted: WantedStatus | undefined; readonly resourceVersion: string } | undefined;
  /** What the API server makes of what is wanted: fields that an older CRD lacks are dropped. As good as it gets. */
  settled: { readonly wanted: WantedStatus | undefined; readonly status: unknown } | undefined;
  /** Our last write. */
  written: { readonly wanted: WantedStatus | undefined; readonly resourceVersion: string; readonly at: number } | undefined;
  /** How often in a row somebody undid what we wrote. */
  undone: number;
  /** The last refusal that was logged. */
  told: string | undefined;
}

export function newSubject(kind: string, key: string): Subject {
  return {
    kind, key, belief: new Belief(), wanted: undefined, busy: false, pace: undefined, notBefore: 0, conflicts: 0, failures: 0,
    outdated: undefined, hopeless: undefined, settled: undefined, written: undefined, undone: 0, told: undefined,
  };
}

/** Forgets what was about an object that is gone: the next one under its name starts afresh. */
export function forgetObject(subject: Subject): void {
  const { kind, key, wanted, busy } = subject;
  Object.assign(subject, { ...newSubject(kind, key), belief: subject.belief, wanted, busy });
  subject.belief.forget();
}

/** The status to be written, or undefined when there is nothing to write, or no point in it. */
export function plannedStatus(subject: Subject, observed: ObservedStatus, context: MergeContext): Fields | undefined {
  const { kind, wanted, hopeless, settled } = subject;
  if (hopeless !== undefined && hopeless.wanted === wanted && hopeless.resourceVersion === observed.resourceVersion) return undefined;
  if (settled !== undefined && settled.wanted === wanted && sameStatus(settled.status, observed.status)) return undefined;
  return merge(kind, { observed: observed.status, wanted: wanted?.status }, context);
}

/** Whether we know that there is a newer version than the newest that we know. */
export function isOutdated({ outdated }: Subject, observed: ObservedStatus): boolean {
  return outdated?.versions.includes(observed.resourceVersion) === true;
}

/** Whether somebody undid our last write, while nothing else was wanted in the meantime. */
export function isUndone({ written, wanted }: Subject, observed: ObservedStatus): boolean {
  return written !== undefined && written.wanted === wanted && written.resourceVersion !== observed.resourceVersion;
}
