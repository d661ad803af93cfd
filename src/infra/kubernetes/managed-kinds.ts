import type { KubeObject } from '../../kube/object.ts';
import type { KubeResource } from '../../kube/resource.ts';
import {
  CONFIG_MAPS, DAEMON_SETS, DEPLOYMENTS, HORIZONTAL_POD_AUTOSCALERS, POD_DISRUPTION_BUDGETS, SERVICE_ACCOUNTS, SERVICES,
} from '../../kube/well-known.ts';

/** The kinds of which a proxy's objects are, in the order in which they are made; they are removed in the opposite one. */
export const managedKinds: readonly KubeResource[] = [
  SERVICE_ACCOUNTS, CONFIG_MAPS, DEPLOYMENTS, DAEMON_SETS, SERVICES, HORIZONTAL_POD_AUTOSCALERS, POD_DISRUPTION_BUDGETS,
];

const byKind = new Map(managedKinds.map((resource) => [resource.kind, resource]));

/** The resource of one of our objects. */
export function resourceOf(kind: string): KubeResource {
  const resource = byKind.get(kind);
  if (resource === undefined) throw new Error(`${kind} is no kind that a proxy is made of`);
  return resource;
}

/** `Kind namespace/name`: names an object among all of ours, also to people. */
export function objectKey({ kind, metadata }: Pick<KubeObject, 'kind' | 'metadata'>): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}

/** Whether objects of a kind run the proxy's Pods. */
export function isWorkload(kind: string): boolean {
  return kind === 'Deployment' || kind === 'DaemonSet';
}
