import { parseBackendKey, serviceGroups, type BackendKey } from '../backends/backend-key.ts';
import { at, bugFault, type Fault } from '../conditions.ts';
import type { Inputs } from '../inputs.ts';
import { attachedPolicies, policyIdentity, type AttachedPolicies, type Policy, type PolicyTarget } from '../policy-attachment.ts';
import { sessionFault } from '../routes/sessions.ts';
import { durationMs } from '../../api/duration.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import type { SessionPersistence } from '../../api/types.ts';
import type { RetryBudget } from '../../ir/backend.ts';
import type { Read } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

type Spec = ResourceOf<'XBackendTrafficPolicy'>['object']['spec'];

/** What an XBackendTrafficPolicy (GEP-3388) says of traffic to its targets, whatever uses them. Key: `namespace/name`. */
export interface TrafficPolicy extends Policy<Spec['targetRefs'][number]> {
  readonly session: SessionPersistence | undefined;
  readonly retryBudget: RetryBudget | undefined;
  /** Accepted=False: nothing of it is in force. */
  readonly acceptedFault: Fault | undefined;
}

/** The XBackendTrafficPolicies, and which of them is in force where. */
export type TrafficPolicies = AttachedPolicies<TrafficPolicy>;

/** All policies. */
export function trafficPolicies(graph: Graph, { resources }: Inputs): TrafficPolicies {
  const all = graph.derive('traffic-policies', resources.XBackendTrafficPolicy, (policy) => trafficPolicy(policy), {
    recover: (policy, error) => brokenTrafficPolicy(policy, bugFault(error)),
  });
  return attachedPolicies('XBackendTrafficPolicy', all);
}

/** The policy for a backend, by its key: a policy is for all ports of an object. */
export function trafficPolicyFor(read: Read, policies: TrafficPolicies, backend: string): TrafficPolicy | undefined {
  const target = targetOf(parseBackendKey(backend));
  return target && policies.find(read, target);
}

/** What policies call the object that a backend stands for. XBackends have settings of their own. */
function targetOf(backend: BackendKey): PolicyTarget | undefined {
  switch (backend.type) {
    case 'service':
      return { group: serviceGroups[backend.kind], kind: backend.kind, object: backend.object };
    case 'backend':
      return { group: 'gateway.envoyproxy.io', kind: 'Backend', object: backend.object };
    case 'inferencepool':
      return { group: 'inference.networking.k8s.io', kind: 'InferencePool', object: backend.object };
    case 'xbackend':
    case 'endpointpicker':
      return undefined;
  }
}

/** Translates a policy without regard to others. */
export function trafficPolicy(policy: ResourceOf<'XBackendTrafficPolicy'>): TrafficPolicy {
  const { sessionPersistence, retryConstraint } = policy.object.spec;
  const fault = sessionPersistence && sessionFault(sessionPersistence);
  if (fault !== undefined) return brokenTrafficPolicy(policy, at('sessionPersistence', { reason: 'Invalid', message: fault.message }));
  return { ...policyIdentity(policy), session: sessionPersistence, retryBudget: retryConstraint && retryBudget(retryConstraint), acceptedFault: undefined };
}

/** A policy that cannot be done. */
function brokenTrafficPolicy(policy: ResourceOf<'XBackendTrafficPolicy'>, acceptedFault: Fault): TrafficPolicy {
  return { ...policyIdentity(policy), session: undefined, retryBudget: undefined, acceptedFault };
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
