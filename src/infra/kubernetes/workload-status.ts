import type { KubeObject } from '../../kube/object.ts';

/** Fields of the statuses of a Deployment and of a DaemonSet. */
interface Status {
  readonly availableReplicas?: number;
  readonly replicas?: number;
  readonly numberAvailable?: number;
  readonly desiredNumberScheduled?: number;
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
}

/** How many of a Deployment's or DaemonSet's Pods serve. */
export function availableReplicas({ status }: KubeObject): number {
  const { availableReplicas: ofDeployment, numberAvailable } = (status ?? {}) as Status;
  return ofDeployment ?? numberAvailable ?? 0;
}

/** How many there are to be. */
export function wantedReplicas({ kind, spec, status }: KubeObject): number {
  const { desiredNumberScheduled } = (status ?? {}) as Status;
  return kind === 'DaemonSet' ? (desiredNumberScheduled ?? 0) : ((spec as { readonly replicas?: number } | undefined)?.replicas ?? 1);
}

/** Why its Pods do not come, where Kubernetes says so: a quota, an admission webhook, a deadline. */
export function workloadProblem({ status }: KubeObject): string | undefined {
  const { conditions = [] } = (status ?? {}) as Status;
  const bad = conditions.find(({ type, status: value }) => (type === 'ReplicaFailure' && value === 'True') || (type === 'Progressing' && value === 'False'));
  return bad?.message;
}
