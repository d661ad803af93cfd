import type { CaCertificates } from './ca-certificates.ts';
import { brokenTlsPolicy, byPrecedence, tlsPolicy, type TlsPolicy } from './tls-policy.ts';
import { bugFault, type Fault } from '../conditions.ts';
import type { Inputs } from '../inputs.ts';
import type { BackendTLSTargetRef } from '../../api/types.ts';
import type { Collection, Read } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

export type { TlsPolicy } from './tls-policy.ts';

/** What a policy can be for: an object, or a section of it. */
export interface TlsTarget {
  readonly group: string;
  readonly kind: string;
  /** `namespace/name`. */
  readonly object: string;
  /** Name of a Service's port. */
  readonly section: string | undefined;
}

/** The BackendTLSPolicies, and which of them is in force where. */
export interface TlsPolicies {
  readonly all: Collection<TlsPolicy>;
  /** The policy for a section of an object: one that names the section goes before one for the whole, an older one before a younger one. */
  find(read: Read, target: TlsTarget): TlsPolicy | undefined;
  /** What keeps a policy from being in force at one of its targets: another one has precedence there. */
  conflict(read: Read, policy: TlsPolicy, ref: BackendTLSTargetRef): Fault | undefined;
}

/** All policies. Each applies to objects of its own namespace only. */
export function tlsPolicies(graph: Graph, { resources }: Inputs, cas: CaCertificates): TlsPolicies {
  const all = graph.derive('tls-policies', resources.BackendTLSPolicy, (policy, read) => tlsPolicy(policy, read, cas), {
    recover: (policy, error) => brokenTlsPolicy(policy, bugFault(error)),
  });
  const byTarget = all.index('target', ({ namespace, targetRefs }) => new Set(targetRefs.map((ref) => targetKey(ref, `${namespace}/${ref.name}`))));
  const first = (read: Read, key: string, section: string | undefined): TlsPolicy | undefined =>
    read
      .where(byTarget, key)
      .filter(({ namespace, targetRefs }) =>
        targetRefs.some((ref) => targetKey(ref, `${namespace}/${ref.name}`) === key && (ref.sectionName ?? '') === (section ?? '')),
      )
      .toSorted(byPrecedence)[0];
  return {
    all,
    find(read, target) {
      const key = targetKey(target, target.object);
      return (target.section === undefined ? undefined : first(read, key, target.section)) ?? first(read, key, undefined);
    },
    conflict(read, policy, ref) {
      const winner = first(read, targetKey(ref, `${policy.namespace}/${ref.name}`), ref.sectionName);
      if (winner === undefined || winner.key === policy.key) return undefined;
      const what = `${ref.kind} ${policy.namespace}/${ref.name}${ref.sectionName === undefined ? '' : ` section ${ref.sectionName}`}`;
      return { reason: 'Conflicted', message: `targetRefs: BackendTLSPolicy ${winner.key} has precedence for ${what}` };
    },
  };
}

function targetKey({ group, kind }: Pick<TlsTarget, 'group' | 'kind'>, object: string): string {
  return `${group}/${kind}/${object}`;
}
