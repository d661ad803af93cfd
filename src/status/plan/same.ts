/**
 * Whether two statuses say the same. The order of keys does not count, nor when conditions last changed: a status that
 * differs in nothing else is not worth a write.
 */
export function sameStatus(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((element, i) => sameStatus(element, b[i]));
  }
  return sameFields(a as Record<string, unknown>, b as Record<string, unknown>);
}

function sameFields(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  for (const key in a) if (key !== 'lastTransitionTime' && !sameStatus(a[key], b[key])) return false;
  for (const key in b) if (key !== 'lastTransitionTime' && b[key] !== undefined && a[key] === undefined) return false;
  return true;
}
