/** Resources that every API server serves and that we write or watch beside the kinds of the gateway. */
import type { KubeResource } from './resource.ts';

function namespaced(group: string, version: string, plural: string, kind: string): KubeResource {
  return { group, version, plural, kind, namespaced: true };
}

export const CONFIG_MAPS = namespaced('', 'v1', 'configmaps', 'ConfigMap');
export const DAEMON_SETS = namespaced('apps', 'v1', 'daemonsets', 'DaemonSet');
export const DEPLOYMENTS = namespaced('apps', 'v1', 'deployments', 'Deployment');
export const EVENTS = namespaced('', 'v1', 'events', 'Event');
export const HORIZONTAL_POD_AUTOSCALERS = namespaced('autoscaling', 'v2', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler');
export const LEASES = namespaced('coordination.k8s.io', 'v1', 'leases', 'Lease');
export const PODS = namespaced('', 'v1', 'pods', 'Pod');
export const POD_DISRUPTION_BUDGETS = namespaced('policy', 'v1', 'poddisruptionbudgets', 'PodDisruptionBudget');
export const SECRETS = namespaced('', 'v1', 'secrets', 'Secret');
export const SERVICES = namespaced('', 'v1', 'services', 'Service');
export const SERVICE_ACCOUNTS = namespaced('', 'v1', 'serviceaccounts', 'ServiceAccount');
export const NAMESPACES: KubeResource = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };
export const NODES: KubeResource = { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false };
