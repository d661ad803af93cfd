import { brokenTelemetryPolicy, telemetryPolicy, type TelemetryPolicy } from './telemetry-policy.ts';
import { resolveBackend, type BackendCatalog } from '../backends/resolve.ts';
import { bugFault, type Fault } from '../conditions.ts';
import type { Inputs } from '../inputs.ts';
import type { Collection, Read } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';
import { byText, chain } from '../../util/compare.ts';

/** The XTelemetryPolicies, and which of them is in force where. */
export interface TelemetryPolicies {
  readonly all: Collection<TelemetryPolicy>;
  /** "Only a single TelemetryPolicy is permitted to apply to a specific Gateway": the oldest one. By the Gateway's key. */
  find(read: Read, gateway: string): TelemetryPolicy | undefined;
  /** What keeps a policy from being in force at a Gateway. */
  conflict(read: Read, policy: TelemetryPolicy, gateway: string): Fault | undefined;
}

/** All policies. Each is for Gateways of its own namespace only. */
export function telemetryPolicies(graph: Graph, inputs: Inputs, catalog: BackendCatalog): TelemetryPolicies {
  const all = graph.derive(
    'telemetry-policies',
    inputs.resources.XTelemetryPolicy,
    (policy, read): TelemetryPolicy => {
      const from = { group: 'gateway.networking.x-k8s.io', kind: policy.kind, namespace: policy.metadata.namespace };
      const rejection = read.get(inputs.rejections, `${policy.kind}/${policy.key}`);
      const rejected = rejection?.version === policy.version ? rejection.message : undefined;
      return telemetryPolicy(policy, rejected, (ref, traffic) => resolveBackend(read, from, ref, catalog, traffic));
    },
    { recover: (policy, error) => brokenTelemetryPolicy(policy, bugFault(error)) },
  );
  const byGateway = all.index('gateway', ({ namespace, targetRefs }) => new Set(targetRefs.filter(isGateway).map(({ name }) => `${namespace}/${name}`)));
  const find = (read: Read, gateway: string): TelemetryPolicy | undefined => read.where(byGateway, gateway).toSorted(byPrecedence)[0];
  return {
    all,
    find,
    conflict(read, policy, gateway) {
      const winner = find(read, gateway);
      if (winner === undefined || winner.key === policy.key) return undefined;
      return { reason: 'Conflicted', message: `targetRefs: XTelemetryPolicy ${winner.key} has precedence for Gateway ${gateway}` };
    },
  };
}

/** Whether a policy may be for an object of that kind. */
export function isGateway({ group, kind }: TelemetryPolicy['targetRefs'][number]): boolean {
  return group === 'gateway.networking.k8s.io' && kind === 'Gateway';
}

/** The oldest first, then by name. */
const byPrecedence = chain<TelemetryPolicy>((a, b) => byText(a.createdAt, b.createdAt), (a, b) => byText(a.key, b.key));
