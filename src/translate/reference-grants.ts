import { currentKind } from '../api/former-kinds.ts';
import { isPoolReference } from '../api/inference-pool.ts';
import type { ResourceOf } from '../api/kinds.ts';
import type { Collection, Index, Read } from '../reactive/collection.ts';

/** An object that refers to another one. */
export interface Referrer {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
}

/** An object that is referred to. */
export interface Target {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Answers whether references across namespaces are allowed. */
export interface ReferenceGrants {
  permits(read: Read, from: Referrer, to: Target): boolean;
}

/** ReferenceGrants by the namespace that they open (their own). */
export function referenceGrants(grants: Collection<ResourceOf<'ReferenceGrant'>>): ReferenceGrants {
  const byNamespace: Index<ResourceOf<'ReferenceGrant'>> = grants.index('namespace', (grant) => [grant.metadata.namespace]);
  return {
    permits(read, from, to) {
      if (from.namespace === to.namespace) return true;
      return read.where(byNamespace, to.namespace).some((grant) => allows(grant, from, to));
    },
  };
}

/** A grant needs one entry on each side that fits; an entry without a name opens all names of its kind. */
function allows(grant: ResourceOf<'ReferenceGrant'>, from: Referrer, to: Target): boolean {
  const { spec } = grant.object;
  return (
    spec.from.some((f) => isOfKind(currentKind(f), from) && f.namespace === from.namespace) &&
    spec.to.some((t) => isOfKind(t, to) && (t.name === undefined || t.name === '' || t.name === to.name))
  );
}

function isOfKind(a: Pick<Referrer, 'group' | 'kind'>, b: Pick<Referrer, 'group' | 'kind'>): boolean {
  return (a.group === b.group && a.kind === b.kind) || (isPoolReference(a) && isPoolReference(b));
}
