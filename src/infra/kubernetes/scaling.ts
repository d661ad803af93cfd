import { compact } from './compact.ts';
import { selectorLabels } from './labels.ts';
import { proxyName } from './names.ts';
import type { ObjectParts } from './object-parts.ts';
import { patched } from './patch.ts';
import type { ProxyEnvironment, WantedProxy } from './wanted-proxy.ts';
import { deploymentName } from './workload.ts';
import type { KubeObject } from '../../kube/object.ts';

const cpuMetric = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } };

/** The autoscaler of the proxy's Deployment, if one is asked for. A DaemonSet has as many Pods as there are nodes. */
export function autoscaler(wanted: WantedProxy, environment: ProxyEnvironment, parts: ObjectParts): KubeObject | undefined {
  const { envoyHpa: settings, envoyDaemonSet } = wanted.settings?.provider?.kubernetes ?? {};
  if (settings === undefined || envoyDaemonSet !== undefined) return undefined;
  const object = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: parts.metadata(settings.name ?? proxyName(wanted, environment)),
    spec: compact({
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deploymentName(wanted, environment) },
      minReplicas: settings.minReplicas,
      maxReplicas: settings.maxReplicas,
      metrics: settings.metrics === undefined || settings.metrics.length === 0 ? [cpuMetric] : settings.metrics,
      behavior: settings.behavior,
    }),
  };
  return patched(object, settings.patch, parts.faultsOf('envoyHpa'));
}

/** The budget that keeps voluntary evictions in bounds, if one is asked for. */
export function disruptionBudget(wanted: WantedProxy, environment: ProxyEnvironment, parts: ObjectParts): KubeObject | undefined {
  const settings = wanted.settings?.provider?.kubernetes?.envoyPDB;
  const { minAvailable, maxUnavailable, patch } = settings ?? {};
  if (settings === undefined || (minAvailable ?? maxUnavailable ?? patch) === undefined) return undefined;
  const object = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: parts.metadata(settings.name ?? proxyName(wanted, environment)),
    spec: {
      selector: { matchLabels: selectorLabels(wanted, environment) },
      // A budget has one of the two; with neither, the patch is to bring it.
      ...(minAvailable === undefined && maxUnavailable !== undefined ? { maxUnavailable } : { minAvailable: minAvailable ?? 0 }),
    },
  };
  return patched(object, patch, parts.faultsOf('envoyPDB'));
}
