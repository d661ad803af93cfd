import type { Inputs } from './inputs.ts';
import type { KindName } from '../api/kinds.ts';
import type { Read } from '../reactive/collection.ts';

/** What is to be said of an object that was not found: that it is not there, or that nobody may look. */
export function missing(read: Read, { unreadable }: Pick<Inputs, 'unreadable'>, { kind, namespace }: { readonly kind: KindName; readonly namespace: string }): string {
  const why = read.get(unreadable, `${kind}/${namespace}`) ?? read.get(unreadable, kind);
  return why === undefined ? 'does not exist' : `cannot be read: ${why}`;
}
