import { at, type Fault } from '../conditions.ts';
import { sessionFault } from '../routes/sessions.ts';
import { durationMs } from '../../api/duration.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import { refOf, type ObjectRef } from '../../api/resource.ts';
import type { SessionPersistence } from '../../api/types.ts';
import type { RetryBudget } from '../../ir/backend.ts';

type Spec = ResourceOf<'XBackendTrafficPolicy'>['object']['spec'];

/** What an XBackendTrafficPolicy (GEP-3388) says of traffic to its targets, whatever uses them. Key: `namespace/name`. */
export interface TrafficPolicy {
  readonly ref: ObjectRef;
  readonly key: string;
  readonly namespace: string;
  readonly createdAt: string;
  readonly generation: number;
  readonly targetRefs: Spec['targetRefs'];
  readonly session: SessionPersistence | undefined;
  readonly retryBudget: RetryBudget | undefined;
  /** Accepted=False: nothing of it is in force. */
  readonly acceptedFault: Fault | undefined;
}

/** Translates a policy without regard to others. */
export function trafficPolicy(policy: ResourceOf<'XBackendTrafficPolicy'>): TrafficPolicy {
  const { sessionPersistence, retryConstraint } = policy.object.spec;
  const fault = sessionPersistence && sessionFault(sessionPersistence);
  if (fault !== undefined) return brokenTrafficPolicy(policy, at('sessionPersistence', { reason: 'Invalid', message: fault.message }));
  return { ...identity(policy), session: sessionPersistence, retryBudget: retryConstraint && retryBudget(retryConstraint), acceptedFault: undefined };
}

/** A policy that cannot be done. */
export function brokenTrafficPolicy(policy: ResourceOf<'XBackendTrafficPolicy'>, acceptedFault: Fault): TrafficPolicy {
  return { ...identity(policy), session: undefined, retryBudget: undefined, acceptedFault };
}

function identity(policy: ResourceOf<'XBackendTrafficPolicy'>): Omit<TrafficPolicy, 'session' | 'retryBudget' | 'acceptedFault'> {
  const { key, metadata, object } = policy;
  const { namespace, generation, creationTimestamp: createdAt } = metadata;
  return { ref: refOf(policy), key, namespace, createdAt, generation, targetRefs: object.spec.targetRefs };
}

/**
 * A rate says how many retries begin in a second, and a proxy counts those under way: the same number where a retry takes a
 * second. Of a rate that is given in part, the rest is the default's.
 */
function retryBudget({ budget, minRetryRate }: NonNullable<Spec['retryConstraint']>): RetryBudget {
  const { count = 10, interval = '1s' } = minRetryRate;
  const seconds = (durationMs(interval) ?? 0) / 1000 || 1;
  return { percent: budget.percent, interval: durationMs(budget.interval) ?? 0, minConcurrent: Math.ceil(count / seconds) };
}
