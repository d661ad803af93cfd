/** Kinds that start processes: the usual companions of a Gateway in a manifest. */
const WORKLOADS: ReadonlySet<string> = new Set(['CronJob', 'DaemonSet', 'Deployment', 'Job', 'Pod', 'ReplicaSet', 'ReplicationController', 'StatefulSet']);

/** Groups of Kubernetes itself. Their kinds mean something to a cluster, and nothing here, unless we read them. */
const KUBERNETES_GROUPS: ReadonlySet<string> = new Set([
  '', 'admissionregistration.k8s.io', 'apiextensions.k8s.io', 'apiregistration.k8s.io', 'apps', 'autoscaling', 'batch', 'certificates.k8s.io', 'coordination.k8s.io',
  'discovery.k8s.io', 'flowcontrol.apiserver.k8s.io', 'networking.k8s.io', 'policy', 'rbac.authorization.k8s.io', 'scheduling.k8s.io', 'storage.k8s.io',
]);

/** Versions of built-in kinds: `v1`, `v1beta1`. Anything else is a typing error. */
const VERSION = /^v[1-9][0-9]?((alpha|beta)[1-9][0-9]?)?$/;

/**
 * Why an object of a built-in kind is left alone, or undefined when the kind is not one of Kubernetes. The text names no object, so whoever
 * prints it can say it once for each kind.
 */
export function ignoredKind(apiVersion: string, kind: string): string | undefined {
  const slash = apiVersion.lastIndexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  if (!KUBERNETES_GROUPS.has(group) || !VERSION.test(apiVersion.slice(slash + 1)) || !/^[A-Z][A-Za-z0-9]*$/.test(kind)) return undefined;
  return WORKLOADS.has(kind)
    ? `${kind} is not run here; name the addresses of what runs elsewhere in an EndpointSlice (discovery.k8s.io/v1) or a Backend (gateway.envoyproxy.io/v1alpha1)`
    : `${kind} is ignored, it means nothing to a gateway`;
}
