import { tracingOf, type TracingVerdict } from './tracing.ts';
import type { Resolve } from '../backends/resolve.ts';
import type { Fault } from '../conditions.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import { refOf, type ObjectRef } from '../../api/resource.ts';

/** What an XTelemetryPolicy (GEP-4768) says of the Gateways that it is for. Key: `namespace/name`. */
export interface TelemetryPolicy extends TracingVerdict {
  readonly ref: ObjectRef;
  readonly key: string;
  readonly namespace: string;
  readonly version: string;
  readonly createdAt: string;
  readonly generation: number;
  readonly targetRefs: ResourceOf<'XTelemetryPolicy'>['object']['spec']['targetRefs'];
}

/** Translates a policy without regard to others. `rejected`: Envoy's words. */
export function telemetryPolicy(policy: ResourceOf<'XTelemetryPolicy'>, rejected: string | undefined, resolve: Resolve): TelemetryPolicy {
  if (rejected !== undefined) return brokenTelemetryPolicy(policy, { reason: 'Invalid', message: `Envoy refused the configuration: ${rejected}` });
  return { ...identity(policy), ...tracingOf(policy.object.spec.tracing, resolve) };
}

/** A policy that cannot be done. */
export function brokenTelemetryPolicy(policy: ResourceOf<'XTelemetryPolicy'>, acceptedFault: Fault): TelemetryPolicy {
  return { ...identity(policy), tracing: undefined, acceptedFault, refsFault: undefined, omitted: undefined };
}

function identity(policy: ResourceOf<'XTelemetryPolicy'>): Omit<TelemetryPolicy, keyof TracingVerdict> {
  const { key, metadata, object, version } = policy;
  const { namespace, generation, creationTimestamp: createdAt } = metadata;
  return { ref: refOf(policy), key, namespace, version, createdAt, generation, targetRefs: object.spec.targetRefs };
}
