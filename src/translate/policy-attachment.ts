import type { Fault } from './conditions.ts';
import { isPoolReference } from '../api/inference-pool.ts';
import { refOf, type ObjectRef, type Resource } from '../api/resource.ts';
import type { Collection, Read } from '../reactive/collection.ts';
import { byText, chain } from '../util/compare.ts';

/** What a policy calls what it is for: an object of its own namespace, or a section of it. */
export interface PolicyTargetRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly sectionName?: string | undefined;
}

/** What every policy has. Key: `namespace/name`. */
export interface Policy<Ref extends PolicyTargetRef = PolicyTargetRef> {
  readonly ref: ObjectRef;
  readonly key: string;
  readonly namespace: string;
  readonly createdAt: string;
  readonly generation: number;
  readonly targetRefs: readonly Ref[];
}

/** What a policy may be for. */
export interface PolicyTarget {
  readonly group: string;
  readonly kind: string;
  /** `namespace/name`. */
  readonly object: string;
  readonly section?: string | undefined;
}

/** The policies of a kind, and which of them is in force where (GEP-713). */
export interface AttachedPolicies<One extends Policy> {
  readonly all: Collection<One>;
  /** The policy for a target: one that names the section goes before one for the whole, an older one before a younger one. */
  find(read: Read, target: PolicyTarget): One | undefined;
  /** What keeps a policy from being in force at one of its targets: another one has precedence there. */
  conflict(read: Read, policy: Policy, ref: PolicyTargetRef): Fault | undefined;
}

/** What every policy has, of a policy. */
export function policyIdentity<Ref extends PolicyTargetRef>(policy: Resource & { readonly object: { readonly spec: { readonly targetRefs: readonly Ref[] } } }): Policy<Ref> {
  const { key, metadata, object } = policy;
  const { namespace, generation, creationTimestamp: createdAt } = metadata;
  return { ref: refOf(policy), key, namespace, createdAt, generation, targetRefs: object.spec.targetRefs };
}

/** Which of the policies of a kind is in force where. */
export function attachedPolicies<One extends Policy>(kind: string, all: Collection<One>): AttachedPolicies<One> {
  const byTarget = all.index('target', ({ namespace, targetRefs }) => new Set(targetRefs.map((ref) => targetKey(ref, `${namespace}/${ref.name}`))));
  const first = (read: Read, key: string, section = ''): One | undefined =>
    read
      .where(byTarget, key)
      .filter(({ namespace, targetRefs }) => targetRefs.some((ref) => targetKey(ref, `${namespace}/${ref.name}`) === key && (ref.sectionName ?? '') === section))
      .toSorted(byPrecedence)[0];
  return {
    all,
    find(read, target) {
      const key = targetKey(target, target.object);
      return (target.section === undefined ? undefined : first(read, key, target.section)) ?? first(read, key);
    },
    conflict(read, policy, ref) {
      const object = `${policy.namespace}/${ref.name}`;
      const winner = first(read, targetKey(ref, object), ref.sectionName);
      if (winner === undefined || winner.key === policy.key) return undefined;
      const section = ref.sectionName === undefined ? '' : ` section ${ref.sectionName}`;
      return { reason: 'Conflicted', message: `targetRefs: ${kind} ${winner.key} has precedence for ${ref.kind} ${object}${section}` };
    },
  };
}

/** "The older policy by creation timestamp takes precedence", then "the policy appearing first in alphabetical order by {namespace}/{name}". */
const byPrecedence = chain<Policy>((a, b) => byText(a.createdAt, b.createdAt), (a, b) => byText(a.key, b.key));

/** InferencePools of all kinds share their names. */
function targetKey(target: Pick<PolicyTarget, 'group' | 'kind'>, object: string): string {
  return `${isPoolReference(target) ? 'inference.networking.k8s.io' : target.group}/${target.kind}/${object}`;
}
