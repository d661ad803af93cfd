/**
 * JSON merge patch (RFC 7386): objects are merged field by field, null takes a field away, everything else replaces.
 * Neither argument is changed; parts that stay the same are shared with the result.
 */
export function jsonMerge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else setOwn(merged, key, jsonMerge(merged[key], value));
  }
  return merged;
}

/** Whether a JSON value is an object, not an array or null. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets a field whose name a stranger chose: '__proto__' too becomes a plain field. */
export function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}
