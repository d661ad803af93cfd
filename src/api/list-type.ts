import { goJson } from './go-format.ts';
import type { Schema } from './schema.ts';

/**
 * Items of a list of type `set` or `map` that are there twice: index and what the API server names. Each value is reported
 * once, at its second appearance. `validateListSetsAndMapsArray` in apiextensions-apiserver/pkg/apiserver/schema/listtype
 */
export function duplicatesOf(schema: Schema, list: readonly unknown[]): readonly (readonly [index: number, key: unknown])[] {
  const type = schema['x-kubernetes-list-type'];
  if (list.length < 2 || type === undefined || type === 'atomic') return [];
  return repeated(type === 'set' ? list : list.map((item) => keyOf(item, schema['x-kubernetes-list-map-keys'] ?? [])));
}

/** The fields of an item that identify it, those that it has. */
function keyOf(item: unknown, names: readonly string[]): unknown {
  if (typeof item !== 'object' || item === null) return {};
  const fields = item as Readonly<Record<string, unknown>>;
  return Object.fromEntries(names.filter((name) => Object.hasOwn(fields, name)).map((name) => [name, fields[name]]));
}

function repeated(keys: readonly unknown[]): (readonly [number, unknown])[] {
  const seen = new Map<string, number>();
  const found: (readonly [number, unknown])[] = [];
  for (const [index, key] of keys.entries()) {
    const text = goJson(key);
    const times = (seen.get(text) ?? 0) + 1;
    seen.set(text, times);
    if (times === 2) found.push([index, key]);
  }
  return found;
}
