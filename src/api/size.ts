/**
 * The largest object that etcd takes (`--max-request-bytes`), in bytes of JSON: an object above it could not be applied to a cluster,
 * and none that anybody writes comes near.
 */
export const MAX_OBJECT_BYTES = 1.5 * 1024 * 1024;

/** Levels of lists and objects within an object. The deepest schema has some 20; more is an attack on recursion. */
export const MAX_DEPTH = 100;

/** Why a value is not even looked at, or undefined when it may be: it is too large or too deep (cycles are both). */
export function excess(value: unknown): string | undefined {
  const budget = { bytes: MAX_OBJECT_BYTES, tooDeep: false };
  measure(value, 0, budget);
  if (budget.tooDeep) return `exceeded max depth ${MAX_DEPTH}`;
  return budget.bytes < 0 ? `Request entity too large: limit is ${MAX_OBJECT_BYTES}` : undefined;
}

/** Subtracts about what a value takes as JSON, and stops as soon as the answer is known. */
function measure(value: unknown, depth: number, budget: { bytes: number; tooDeep: boolean }): void {
  if (typeof value === 'string') budget.bytes -= value.length + 2;
  else if (typeof value !== 'object' || value === null) budget.bytes -= 4;
  else if (depth >= MAX_DEPTH) budget.tooDeep = true;
  else if (Array.isArray(value)) {
    budget.bytes -= 2;
    for (let i = 0; i < value.length && budget.bytes >= 0 && !budget.tooDeep; i++) {
      budget.bytes--;
      measure(value[i], depth + 1, budget);
    }
  } else {
    budget.bytes -= 2;
    for (const key of Object.keys(value)) {
      if (budget.bytes < 0 || budget.tooDeep) return;
      budget.bytes -= key.length + 4;
      measure((value as Record<string, unknown>)[key], depth + 1, budget);
    }
  }
}
