import { mergeConditions } from './conditions.ts';
import { fieldsOf, listOf, textOf, type Fields } from './fields.ts';

/** How a list of entries, each of which belongs to a controller, is merged: `parents` of routes, `ancestors` of policies. */
export interface EntryRules {
  /** Entries under any of these names are ours. */
  readonly controllerNames: readonly string[];
  /** RFC 3339. */
  readonly now: string;
  /** The field that tells our entries apart. */
  readonly refField: 'parentRef' | 'ancestorRef';
  /** `maxItems` of the list. */
  readonly max: number;
}

/**
 * The list as it should be. Entries of other controllers stay as and where they are. Ours are updated in place, removed
 * when they are not wanted, and appended when they are missing. When not all of ours fit, the last that does says so.
 */
export function mergeEntries(observed: unknown, wanted: unknown, rules: EntryRules): Fields[] {
  const { controllerNames, now, refField } = rules;
  const owned = (entry: Fields): boolean => controllerNames.includes(textOf(entry['controllerName']));
  const before = listOf(observed).map(fieldsOf);
  const room = rules.max - before.filter((entry) => !owned(entry)).length;
  const missing = new Map(fitting(listOf(wanted).map(fieldsOf), room, rules).map((entry) => [entryKey(entry, refField), entry]));
  const merged: Fields[] = [];
  for (const old of before) {
    if (!owned(old)) {
      merged.push(old);
      continue;
    }
    const key = entryKey(old, refField);
    const entry = missing.get(key);
    missing.delete(key);
    if (entry !== undefined) merged.push(written(entry, old['conditions']));
  }
  for (const entry of missing.values()) merged.push(written(entry, undefined));
  return merged;

  function written(entry: Fields, conditions: unknown): Fields {
    return {
      ...entry,
      [refField]: explicit(fieldsOf(entry[refField])),
      conditions: mergeConditions(conditions, entry['conditions'], { now, owns: () => true }),
    };
  }
}

/** Whether a list has an entry of one of the controllers. */
export function hasEntryOf(observed: unknown, controllerNames: readonly string[]): boolean {
  return listOf(observed).some((entry) => controllerNames.includes(textOf(fieldsOf(entry)['controllerName'])));
}

/** The API server adds these defaults; without them, what it has would always differ from what is wanted. */
function explicit(ref: Fields): Fields {
  return { ...ref, group: ref['group'] ?? 'gateway.networking.k8s.io', kind: ref['kind'] ?? 'Gateway' };
}

function entryKey(entry: Fields, refField: EntryRules['refField']): string {
  const { group, kind, namespace, name, sectionName, port } = explicit(fieldsOf(entry[refField]));
  return JSON.stringify([entry['controllerName'], group, kind, namespace, name, sectionName, port]);
}

/** Envoy Gateway's way to say that there are more: a condition on the last one. */
function fitting(entries: readonly Fields[], room: number, { refField, max }: EntryRules): readonly Fields[] {
  if (entries.length <= room) return entries;
  const kept = entries.slice(0, Math.max(0, room));
  const last = kept.pop();
  if (last === undefined) return [];
  const conditions = listOf(last['conditions']);
  const [who, of] = refField === 'parentRef' ? ['Parents', 'route parents'] : ['Ancestors', 'policy ancestors'];
  const aggregated = {
    type: 'Aggregated',
    status: 'True',
    reason: 'Aggregated',
    message: `${who} are left out: the status has room for ${max} ${of}, and ${entries.length - room} of ours are more`,
    observedGeneration: fieldsOf(conditions[0])['observedGeneration'],
  };
  return [...kept, { ...last, conditions: [...conditions, aggregated] }];
}
