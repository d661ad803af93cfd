import { brokenTrafficPolicy, trafficPolicy, type TrafficPolicy } from './traffic-policy.ts';
import { parseBackendKey, serviceGroups, type BackendKey } from '../backends/backend-key.ts';
import { bugFault, type Fault } from '../conditions.ts';
import type { Inputs } from '../inputs.ts';
import type { Collection, Read } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';
import { byText, chain } from '../../util/compare.ts';

type TargetRef = TrafficPolicy['targetRefs'][number];

/** The XBackendTrafficPolicies, and which of them is in force where. */
export interface TrafficPolicies {
  readonly all: Collection<TrafficPolicy>;
  /** The policy for a backend, by its key: a policy is for all ports of an object, and the oldest one goes first. */
  find(read: Read, backend: string): TrafficPolicy | undefined;
  /** What keeps a policy from being in force at one of its targets: another one has precedence there. */
  conflict(read: Read, policy: TrafficPolicy, ref: TargetRef): Fault | undefined;
}

/** All policies. Each applies to objects of its own namespace only. */
export function trafficPolicies(graph: Graph, { resources }: Inputs): TrafficPolicies {
  const all = graph.derive('traffic-policies', resources.XBackendTrafficPolicy, (policy) => trafficPolicy(policy), {
    recover: (policy, error) => brokenTrafficPolicy(policy, bugFault(error)),
  });
  const byTarget = all.index('target', ({ namespace, targetRefs }) => new Set(targetRefs.map((ref) => targetKey(ref, `${namespace}/${ref.name}`))));
  const first = (read: Read, key: string): TrafficPolicy | undefined => read.where(byTarget, key).toSorted(byPrecedence)[0];
  return {
    all,
    find(read, backend) {
      const parsed = parseBackendKey(backend);
      const target = targetOf(parsed);
      return target && first(read, targetKey(target, parsed.object));
    },
    conflict(read, policy, ref) {
      const winner = first(read, targetKey(ref, `${policy.namespace}/${ref.name}`));
      if (winner === undefined || winner.key === policy.key) return undefined;
      const message = `targetRefs: XBackendTrafficPolicy ${winner.key} has precedence for ${ref.kind} ${policy.namespace}/${ref.name}`;
      return { reason: 'Conflicted', message };
    },
  };
}

/** What policies call the object that a backend stands for. XBackends have settings of their own. */
function targetOf(backend: BackendKey): Pick<TargetRef, 'group' | 'kind'> | undefined {
  switch (backend.type) {
    case 'service':
      return { group: serviceGroups[backend.kind], kind: backend.kind };
    case 'backend':
      return { group: 'gateway.envoyproxy.io', kind: 'Backend' };
    case 'xbackend':
      return undefined;
  }
}

/** The oldest first, then by name. */
const byPrecedence = chain<TrafficPolicy>((a, b) => byText(a.createdAt, b.createdAt), (a, b) => byText(a.key, b.key));

function targetKey({ group, kind }: Pick<TargetRef, 'group' | 'kind'>, object: string): string {
  return `${group}/${kind}/${object}`;
}
