import { named, signed, unnamed } from './anonymous.ts';
import { mergeConditions } from './conditions.ts';
import { mergeEntries, hasEntryOf } from './entries.ts';
import { fieldsOf, listOf, type Fields } from './fields.ts';
import { sameStatus } from './same.ts';
import { shapeOf, type Shape } from './shapes.ts';
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
  const wanted = statuses.wanted === undefined ? undefined : fieldsOf(statuses.wanted);
  const time = timestamp(now);
  const merged = mergeShape(shape, { observed, wanted }, { controllerNames, now: time });
  return merged === undefined || sameStatus(merged, observed) ? undefined : merged;
}

interface Both {
  readonly observed: Fields;
  /** undefined: the object is not ours. */
  readonly wanted: Fields | undefined;
}

interface Writing {
  readonly controllerNames: readonly string[];
  readonly now: string;
}

function mergeShape(shape: Shape, { observed, wanted }: Both, writing: Writing): Fields | undefined {
  if (shape.form === 'entries') return mergeList(shape, { observed, wanted: wanted ?? {} }, writing);
  return wanted === undefined ? undefined : mergeWhole(observed, wanted, { shape, now: writing.now });
}

function mergeList(
  { list, max, conditions = [] }: Extract<Shape, { form: 'entries' }>,
  { observed, wanted }: { readonly observed: Fields; readonly wanted: Fields },
  { controllerNames, now }: Writing,
): Fields | undefined {
  const isAnonymous = list === 'parent';
  const before = isAnonymous ? named(observed[list]) : observed[list];
  const after = isAnonymous ? listOf(wanted[list]).map(fieldsOf).map(signed) : wanted[list];
  const own = conditions.length === 0 || wanted['conditions'] === undefined ? {} : { conditions: mergeConditions(observed['conditions'], wanted['conditions'], { now, owns: (type) => conditions.includes(type) }) };
  // An object that never had anything to do with us gets no empty list from us.
  if (listOf(after).length === 0 && !hasEntryOf(before, controllerNames)) return Object.keys(own).length === 0 ? undefined : { ...observed, ...own };
  const refField = list === 'ancestors' ? 'ancestorRef' : 'parentRef';
  const entries = mergeEntries(before, after, { controllerNames, now, refField, max });
  return { ...observed, [list]: isAnonymous ? entries.map(unnamed) : entries, ...own };
}

/** RFC 3339 in whole seconds, as metav1.Time is written. */
function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
