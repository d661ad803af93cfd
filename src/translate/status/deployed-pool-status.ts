import { condition } from '../conditions.ts';
import type { ModelServersState } from '../inputs.ts';
import type { Condition } from '../../api/conditions.ts';
import { poolLabel } from '../../api/inference-pool.ts';
import type { ResourceOf } from '../../api/kinds.ts';

/** What is known of the model servers that a pool asks to be deployed. */
export interface DeployedFacts {
  /** Whether there is somebody who runs Pods: not among files. */
  readonly runsPods: boolean;
  /** How many EndpointSlices say that they stand in for the Pods. */
  readonly standIns: number;
  readonly state: ModelServersState | undefined;
}

/** `Deployed` of a pool with a deployment, whoever uses it. */
export function deployedCondition({ key, metadata: { name, generation } }: ResourceOf<'DeployedInferencePool'>, { runsPods, standIns, state }: DeployedFacts): Condition {
  const says = (status: boolean | 'Unknown', reason: string, message: string): Condition => condition('Deployed', status, { reason, message, generation });
  if (!runsPods) {
    if (standIns > 0) return says(true, 'Provided', `EndpointSlices with the label ${poolLabel}: ${name} say where the model servers are`);
    return says(false, 'NotSupported', `spec.deployment: Pods are not run here; an EndpointSlice with the label ${poolLabel}: ${name} says where the model servers are`);
  }
  if (state === undefined) return says('Unknown', 'Pending', `Deployment ${key} is being made`);
  if (state.kind === 'failed') return says(false, 'NotDeployed', state.message);
  const pods = `${state.available} of ${state.wanted} Pods are available`;
  return state.available >= state.wanted ? says(true, 'Deployed', pods) : says(false, 'PodsNotAvailable', state.problem === undefined ? pods : `${pods}: ${state.problem}`);
}
