import { equal } from '../../util/equal.ts';
import type { ObservedStatus } from '../wanted-status.ts';
import { fieldsOf, type Fields } from './fields.ts';

/**
 * A merge patch (RFC 7396) of the status subresource that turns the observed status into `next`.
 *
 * A patch rather than a replacement: it needs nothing of the object but its status, so nobody has to keep its spec, and
 * fields of newer CRDs are never lost. The lists in a status are replaced whole, as RFC 7396 has it; so that this loses no
 * entry of another writer, the patch carries the resourceVersion that it was made from, which the API server compares.
 */
export function statusPatch({ status, resourceVersion, uid }: ObservedStatus, next: Fields): Fields {
  const observed = fieldsOf(status);
  const patch: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(next)) if (!equal(observed[field], value)) patch[field] = value;
  for (const field of Object.keys(observed)) if (next[field] === undefined) patch[field] = null;
  return { metadata: { resourceVersion, uid }, status: patch };
}
