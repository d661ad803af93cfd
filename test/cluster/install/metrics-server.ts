import type { Cluster } from '../cluster.ts';
import { metricsServerImage } from '../images/catalog.ts';

const name = 'metrics-server';
const metadata = { name, namespace: 'kube-system' };
const labels = { 'k8s-app': name };
const resolutionSeconds = 10;

/** Installs metrics-server, which horizontal autoscaling and `kubectl top` ask, and waits until it answers. */
export async function installMetricsServer(cluster: Cluster): Promise<void> {
  await cluster.apply(metricsServerObjects());
  await cluster.kubectl(['wait', '--for=condition=Available', 'apiservice/v1beta1.metrics.k8s.io', '--timeout=120s']);
}

function metricsServerObjects(): object[] {
  const subject = { kind: 'ServiceAccount', ...metadata };
  const rbac = 'rbac.authorization.k8s.io';
  const bind = (binding: string, role: string): object => ({
    apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', metadata: { name: binding }, roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role }, subjects: [subject],
  });
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: { name: 'system:metrics-server' },
      rules: [
        { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
        { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
      ],
    },
    bind('system:metrics-server', 'system:metrics-server'),
    bind('metrics-server:system:auth-delegator', 'system:auth-delegator'),
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: { name: 'metrics-server-auth-reader', namespace: 'kube-system' },
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'extension-apiserver-authentication-reader' },
      subjects: [subject],
    },
    { apiVersion: 'v1', kind: 'Service', metadata: { ...metadata, labels }, spec: { selector: labels, ports: [{ name: 'https', port: 443, targetPort: 10250 }] } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { ...metadata, labels },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: name,
            containers: [{
              name,
              image: metricsServerImage,
              // Kubelets show certificates that they signed themselves.
              args: ['--secure-port=10250', '--cert-dir=/tmp', '--kubelet-insecure-tls', '--kubelet-preferred-address-types=InternalIP', '--kubelet-request-timeout=5s', `--metric-resolution=${resolutionSeconds}s`],
              readinessProbe: { httpGet: { path: '/readyz', port: 10250, scheme: 'HTTPS' }, periodSeconds: 2 },
            }],
          },
        },
      },
    },
    {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1beta1.metrics.k8s.io' },
      spec: { service: metadata, group: 'metrics.k8s.io', version: 'v1beta1', insecureSkipTLSVerify: true, groupPriorityMinimum: 100, versionPriority: 100 },
    },
  ];
}
