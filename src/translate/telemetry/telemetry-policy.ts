import { tracingOf, type TracingVerdict } from './tracing.ts';
import { resolveBackend, type BackendCatalog, type Resolve } from '../backends/resolve.ts';
import { bugFault, type Fault } from '../conditions.ts';
import type { Inputs } from '../inputs.ts';
import { attachedPolicies, policyIdentity, type AttachedPolicies, type Policy } from '../policy-attachment.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import type { Graph } from '../../reactive/graph.ts';

type TargetRef = ResourceOf<'XTelemetryPolicy'>['object']['spec']['targetRefs'][number];

/** What an XTelemetryPolicy (GEP-4768) says of the Gateways that it is for. Key: `namespace/name`. */
export interface TelemetryPolicy extends Policy<TargetRef>, TracingVerdict {
  readonly version: string;
}

/** The XTelemetryPolicies, and which of them is in force where: "Only a single TelemetryPolicy is permitted to apply to a specific Gateway". */
export type TelemetryPolicies = AttachedPolicies<TelemetryPolicy>;

/** All policies. */
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
  return attachedPolicies('XTelemetryPolicy', all);
}

/** Whether a policy may be for an object of that kind. */
export function isGateway({ group, kind }: TargetRef): boolean {
  return group === 'gateway.networking.k8s.io' && kind === 'Gateway';
}

/** Translates a policy without regard to others. `rejected`: Envoy's words. */
function telemetryPolicy(policy: ResourceOf<'XTelemetryPolicy'>, rejected: string | undefined, resolve: Resolve): TelemetryPolicy {
  if (rejected !== undefined) return brokenTelemetryPolicy(policy, { reason: 'Invalid', message: `Envoy refused the configuration: ${rejected}` });
  return { ...identity(policy), ...tracingOf(policy.object.spec.tracing, resolve) };
}

/** A policy that cannot be done. */
function brokenTelemetryPolicy(policy: ResourceOf<'XTelemetryPolicy'>, acceptedFault: Fault): TelemetryPolicy {
  return { ...identity(policy), tracing: undefined, acceptedFault, refsFault: undefined, omitted: undefined };
}

function identity(policy: ResourceOf<'XTelemetryPolicy'>): Omit<TelemetryPolicy, keyof TracingVerdict> {
  return { ...policyIdentity(policy), version: policy.version };
}
