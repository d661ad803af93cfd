import { isObject } from '../../util/json-merge.ts';
import { compact } from './compact.ts';
import { selectorLabels } from './labels.ts';
import type { ObjectParts } from './object-parts.ts';
import { proxyName } from './names.ts';
import { patched } from './patch.ts';
import { podTemplate } from './pod.ts';
import type { ProxyEnvironment, WantedProxy } from './wanted-proxy.ts';
import type { KubeObject } from '../../kube/object.ts';

/** What runs the proxy's Pods: a DaemonSet if one is asked for, else a Deployment. */
export function workload(wanted: WantedProxy, environment: ProxyEnvironment, parts: ObjectParts): KubeObject {
  return wanted.settings?.provider?.kubernetes?.envoyDaemonSet === undefined ? deployment(wanted, environment, parts) : daemonSet(wanted, environment, parts);
}

/** The name of the proxy's Deployment. */
export function deploymentName(wanted: WantedProxy, environment: ProxyEnvironment): string {
  return wanted.settings?.provider?.kubernetes?.envoyDeployment?.name ?? proxyName(wanted, environment);
}

function deployment(wanted: WantedProxy, environment: ProxyEnvironment, parts: ObjectParts): KubeObject {
  const { envoyDeployment: settings = {}, envoyHpa } = wanted.settings?.provider?.kubernetes ?? {};
  const onFault = parts.faultsOf('envoyDeployment');
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: parts.metadata(deploymentName(wanted, environment)),
    spec: compact({
      // The autoscaler's to say, where there is one; whoever applies a number takes it from it.
      replicas: envoyHpa === undefined ? settings.replicas : undefined,
      strategy: settings.strategy ?? { type: 'RollingUpdate' },
      selector: { matchLabels: selectorLabels(wanted, environment) },
      template: podTemplate(wanted, environment, { settings, onFault }),
    }),
  };
  return patched(object, settings.patch, onFault);
}

function daemonSet(wanted: WantedProxy, environment: ProxyEnvironment, parts: ObjectParts): KubeObject {
  const settings = wanted.settings?.provider?.kubernetes?.envoyDaemonSet ?? {};
  const onFault = parts.faultsOf('envoyDaemonSet');
  const object = (strategy: object): KubeObject => ({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: parts.metadata(settings.name ?? proxyName(wanted, environment)),
    spec: {
      updateStrategy: strategy,
      selector: { matchLabels: selectorLabels(wanted, environment) },
      template: podTemplate(wanted, environment, { settings, onFault }),
    },
  });
  if (settings.strategy !== undefined) return patched(object(settings.strategy), settings.patch, onFault);
  // By default a DaemonSet ends a node's Pod before it starts the next: requests would be lost. Only Pods that
  // have ports of the node to themselves cannot stand side by side.
  const gentle = patched(object({ type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }), settings.patch, onFault);
  return takesNodePorts(gentle) ? patched(object({ type: 'RollingUpdate' }), settings.patch, () => {}) : gentle;
}

function takesNodePorts({ spec }: KubeObject): boolean {
  const template = isObject(spec) && isObject(spec['template']) ? spec['template'] : {};
  const pod = isObject(template['spec']) ? template['spec'] : {};
  const containers = Array.isArray(pod['containers']) ? (pod['containers'] as unknown[]) : [];
  return pod['hostNetwork'] === true || JSON.stringify(containers).includes('"hostPort":');
}
