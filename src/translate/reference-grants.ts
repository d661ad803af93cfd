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
    spec.from.some((f) => f.group === from.group && f.kind === from.kind && f.namespace === from.namespace) &&
    spec.to.some((t) => t.group === to.group && t.kind === to.kind && (t.name === undefined || t.name === '' || t.name === to.name))
  );
}
