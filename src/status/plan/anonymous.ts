import { fieldsOf, listOf, textOf, type Fields } from './fields.ts';

/**
 * Entries of a list whose schema has no place for a controller's name, which is `status.parent` of InferencePool v1alpha2. Who wrote an entry has to be in it all
 * the same, for it to be updated and removed: a condition of a type of our own says it.
 */
const authorType = 'moongate.dev/Author';

/** What the API server puts there while nobody has written anything. */
const placeholderKind = 'Status';

/** Entries as lists with names have them: what their condition says is their `controllerName`. */
export function named(entries: unknown): Fields[] {
  return listOf(entries).map(fieldsOf).filter(({ parentRef }) => fieldsOf(parentRef)['kind'] !== placeholderKind).map((entry) => {
    const author = listOf(entry['conditions']).map(fieldsOf).find(({ type }) => type === authorType);
    return author === undefined ? entry : { ...entry, controllerName: textOf(author['message']) };
  });
}

/** An entry that says in a condition who writes it. */
export function signed(entry: Fields): Fields {
  const conditions = listOf(entry['conditions']);
  const message = textOf(entry['controllerName']);
  const author = { type: authorType, status: 'True', reason: 'Written', message, observedGeneration: fieldsOf(conditions[0])['observedGeneration'] };
  return { ...entry, conditions: [...conditions, author] };
}

/** An entry as the schema has it. */
export function unnamed(entry: Fields): Fields {
  const { controllerName: _, ...rest } = entry;
  return rest;
}
