import { fieldsOf, listOf, textOf, type Fields } from './fields.ts';

/** `maxLength` of a condition's message. The API server counts characters, of which there are never more than bytes. */
export const MAX_MESSAGE_BYTES = 32_768;

/** What the CRDs' defaults of `status` carry: nothing changed then. */
const NEVER = '1970-01-01T00:00:00Z';

/** How conditions are merged. */
export interface ConditionRules {
  /** RFC 3339, for conditions whose status changes. */
  readonly now: string;
  /** Whether a condition that is not wanted is ours to remove. */
  readonly owns: (type: string) => boolean;
}

/**
 * The conditions of one list as they should be: wanted ones in place of those of their type, ones that are not ours where
 * they are, ours that are no longer wanted gone. A time stays while the status (True, False, Unknown) does.
 */
export function mergeConditions(observed: unknown, wanted: unknown, { now, owns }: ConditionRules): Fields[] {
  const missing = new Map(listOf(wanted).map((condition) => [textOf(fieldsOf(condition)['type']), fieldsOf(condition)]));
  const merged: Fields[] = [];
  for (const element of listOf(observed)) {
    const old = fieldsOf(element);
    const type = textOf(old['type']);
    const condition = missing.get(type);
    if (condition !== undefined) {
      missing.delete(type);
      merged.push(written(condition, transitionTime(old, condition, now)));
    } else if (!owns(type)) {
      merged.push(old);
    }
  }
  for (const condition of missing.values()) merged.push(written(condition, now));
  return merged;
}

function transitionTime(old: Fields, wanted: Fields, now: string): string {
  const time = textOf(old['lastTransitionTime']);
  return old['status'] === wanted['status'] && time !== '' && time !== NEVER ? time : now;
}

function written(condition: Fields, lastTransitionTime: string): Fields {
  return { ...condition, message: truncate(textOf(condition['message'])), lastTransitionTime };
}

/** Cuts a message to what the API server takes, between two characters, and shows that it did. */
function truncate(message: string): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= MAX_MESSAGE_BYTES) return message;
  const ellipsis = '…';
  let end = MAX_MESSAGE_BYTES - Buffer.byteLength(ellipsis);
  // 10xxxxxx continues a character of UTF-8.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end) + ellipsis;
}
