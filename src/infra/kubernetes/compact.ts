/** An object without its fields that are undefined, so that it is the same as what JSON makes of it. */
export function compact(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Undefined in place of a map without entries. */
export function unlessEmpty<T extends Readonly<Record<string, unknown>>>(map: T): T | undefined {
  return Object.keys(map).length === 0 ? undefined : map;
}
