import type { KubeObject } from '../../kube/object.ts';
import { keepingClusterIp } from './cluster-ip.ts';
import { covers } from './covers.ts';
import { appliedAnnotation } from './labels.ts';
import { isWorkload, managedKinds, objectKey } from './managed-kinds.ts';
import { availableReplicas } from './workload-status.ts';

/** One thing to do at the API server. */
export type Step =
  /** `stored` is undefined when we know of no such object. */
  | { readonly kind: 'apply'; readonly object: KubeObject; readonly stored: KubeObject | undefined }
  | { readonly kind: 'delete'; readonly stored: KubeObject };

/** The object of a step. */
export function objectOf(step: Step): KubeObject {
  return step.kind === 'apply' ? step.object : step.stored;
}

/** What a plan is made from. */
export interface PlanInput {
  /** In the order in which they are to be applied. None: the proxy is not wanted. */
  readonly wanted: readonly KubeObject[];
  /** What there is of this proxy. */
  readonly stored: readonly KubeObject[];
  /** Looks up any of our objects, whosever. */
  readonly find: (key: string) => KubeObject | undefined;
  /** Whether a stored object, though it does not look like it, is what the server made of the wanted one. */
  readonly isAccepted: (wanted: KubeObject, stored: KubeObject) => boolean;
}

/** Says what to do so that the API server has what is wanted. Nothing, when it has. */
export function plan({ wanted, stored, find, isAccepted }: PlanInput): Step[] {
  const steps: Step[] = [];
  const keys = new Set(wanted.map(objectKey));
  for (const object of wanted) {
    const found = find(objectKey(object));
    // What is on its way out cannot be held. It is made anew when it is gone.
    if (found?.metadata.deletionTimestamp !== undefined) continue;
    if (found === undefined || !(isCurrent(keepingClusterIp(object, found), found) || isAccepted(object, found))) steps.push({ kind: 'apply', object, stored: found });
  }
  const leftovers = stored.filter((object) => !keys.has(objectKey(object)) && object.metadata.deletionTimestamp === undefined);
  const workloads = wanted.filter(({ kind }) => isWorkload(kind)).map((object) => find(objectKey(object)));
  const isServed = workloads.every((workload) => workload !== undefined && availableReplicas(workload) > 0);
  for (const object of leftovers.toSorted(lastMadeFirst)) {
    // From a Deployment to a DaemonSet and back, or to another name: the old Pods serve until one of the new ones does.
    if (isWorkload(object.kind) && wanted.length > 0 && !isServed) continue;
    steps.push({ kind: 'delete', stored: object });
  }
  return steps;
}

/** The mark tells that nothing was taken away since, the comparison that nobody changed what is there. */
function isCurrent(wanted: KubeObject, stored: KubeObject): boolean {
  return stored.metadata.annotations?.[appliedAnnotation] === wanted.metadata.annotations?.[appliedAnnotation] && covers(stored, wanted);
}

function lastMadeFirst(a: KubeObject, b: KubeObject): number {
  return orderOf(b) - orderOf(a);
}

function orderOf({ kind }: KubeObject): number {
  return managedKinds.findIndex((resource) => resource.kind === kind);
}
