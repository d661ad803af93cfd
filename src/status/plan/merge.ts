import { named, signed, unnamed } from './anonymous.ts';
import { mergeEntries, hasEntryOf } from './entries.ts';
import { fieldsOf, listOf, type Fields } from './fields.ts';
import { sameStatus } from './same.ts';
import { shapeOf } from './shapes.ts';
import { mergeWhole } from './whole.ts';

/** Who merges, and when. */
export interface MergeContext {
  /** Names of this controller: list entries under any of them are ours. */
  readonly controllerNames: readonly string[];
  readonly now: Date;
}

/**
 * The status that an object should have, given what it has and what is wanted, or undefined when there is nothing to write.
 * `wanted` undefined: the object is not, or no longer, ours.
 */
export function merge(kind: string, statuses: { readonly observed: unknown; readonly wanted: object | undefined }, { controllerNames, now }: MergeContext): Fields | undefined {
  const shape = shapeOf(kind);
  if (shape === undefined) return undefined;
  const observed = fieldsOf(statuses.observed);
  const wanted = fieldsOf(statuses.wanted);
  const time = timestamp(now);
  let merged: Fields;
  if (shape.form === 'entries') {
    const { list, max } = shape;
    const isAnonymous = list === 'parent';
    const before = isAnonymous ? named(observed[list]) : observed[list];
    const after = isAnonymous ? listOf(wanted[list]).map(fieldsOf).map(signed) : wanted[list];
    // An object that never had anything to do with us gets no empty list from us.
    if (listOf(after).length === 0 && !hasEntryOf(before, controllerNames)) return undefined;
    const refField = list === 'ancestors' ? 'ancestorRef' : 'parentRef';
    const entries = mergeEntries(before, after, { controllerNames, now: time, refField, max });
    merged = { ...observed, [list]: isAnonymous ? entries.map(unnamed) : entries };
  } else {
    if (statuses.wanted === undefined) return undefined;
    merged = mergeWhole(observed, wanted, { shape, now: time });
  }
  return sameStatus(merged, observed) ? undefined : merged;
}

/** RFC 3339 in whole seconds, as metav1.Time is written. */
function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
