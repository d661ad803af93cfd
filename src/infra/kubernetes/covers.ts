import { isObject } from '../../util/json-merge.ts';
import { quantity } from './quantity.ts';

/**
 * Whether an object of the API server has everything that was applied. It may have more: what the server fills in, what others
 * add. Of a list, each item has to be there; what a number of bytes or CPUs looks like is the server's choice.
 */
export function covers(stored: unknown, applied: unknown): boolean {
  if (isObject(applied)) {
    const of = stored ?? {};
    return isObject(of) && Object.entries(applied).every(([field, value]) => covers(of[field], value));
  }
  if (Array.isArray(applied)) {
    const of: unknown = stored ?? [];
    if (!Array.isArray(of)) return false;
    // An atomic list, of arguments or of names, has its order and nothing else in it.
    if (!applied.every(isObject)) return of.length === applied.length && applied.every((item, index) => covers(of[index], item));
    return applied.every((item) => of.some((candidate) => covers(candidate, item)));
  }
  // The server leaves out what is empty.
  if (stored === undefined || stored === null) return applied === null || applied === undefined || applied === '' || applied === 0 || applied === false;
  return stored === applied || isSameQuantity(stored, applied);
}

function isSameQuantity(stored: unknown, applied: unknown): boolean {
  if (!isAmount(stored) || !isAmount(applied)) return false;
  const amount = quantity(stored);
  return amount !== undefined && amount === quantity(applied);
}

function isAmount(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
