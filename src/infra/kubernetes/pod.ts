import { drainTimes } from './command-lines.ts';
import { compact, unlessEmpty } from './compact.ts';
import { containers, volumeNames } from './containers.ts';
import type { ContainerSettings } from './containers.ts';
import { podLabels } from './labels.ts';
import { proxyName } from './names.ts';
import type { OnFault } from './patch.ts';
import { statsPort } from './ports.ts';
import type { ProxyEnvironment, ProxySettings, WantedProxy } from './wanted-proxy.ts';

type Kubernetes = NonNullable<NonNullable<ProxySettings['provider']>['kubernetes']>;
type Deployment = NonNullable<Kubernetes['envoyDeployment']>;

/** What an EnvoyProxy says of the Pods of its Deployment or DaemonSet. */
export interface PodSettings {
  readonly pod?: Deployment['pod'] | undefined;
  readonly container?: ContainerSettings | undefined;
  readonly initContainers?: Deployment['initContainers'] | undefined;
}

/** A Pod outlives its drain by as much, at most: what the drain did not manage is cut off then. */
const graceSeconds = 300;
/** 0644: Envoy, which is not root, has to read them. */
const fileMode = 0o644;

/** The template of a proxy's Pods. It changes only with the settings: listeners and routes come over xDS. */
export function podTemplate(wanted: WantedProxy, environment: ProxyEnvironment, { settings, onFault }: { settings: PodSettings; onFault: OnFault }): object {
  const { pod, container, initContainers } = settings;
  const stats = wanted.settings?.telemetry?.metrics?.prometheus?.disable !== true;
  return {
    metadata: compact({
      labels: { ...pod?.labels, ...podLabels(wanted, environment) },
      annotations: unlessEmpty({ ...(stats ? scrapeAnnotations : {}), ...wanted.annotations, ...pod?.annotations }),
    }),
    spec: compact({
      serviceAccountName: serviceAccountName(wanted, environment),
      automountServiceAccountToken: false,
      // Without it, Envoy and the helper are PID 1 of their containers, and a SIGTERM that comes before they have a handler for it is ignored.
      shareProcessNamespace: true,
      terminationGracePeriodSeconds: Math.ceil(drainTimes(wanted.settings?.shutdown).drainTimeoutMs / 1000) + graceSeconds,
      initContainers,
      containers: containers(wanted, environment, { settings: container, onFault }),
      volumes: volumes(wanted, environment, pod?.volumes ?? []),
      affinity: pod?.affinity,
      imagePullSecrets: pod?.imagePullSecrets,
      nodeSelector: pod?.nodeSelector,
      priorityClassName: pod?.priorityClassName,
      securityContext: pod?.securityContext,
      tolerations: pod?.tolerations,
      topologySpreadConstraints: pod?.topologySpreadConstraints,
    }),
  };
}

/** What the proxy's ServiceAccount is called. */
export function serviceAccountName(wanted: WantedProxy, environment: ProxyEnvironment): string {
  return wanted.settings?.provider?.kubernetes?.envoyServiceAccount?.name ?? proxyName(wanted, environment);
}

const scrapeAnnotations = {
  'prometheus.io/scrape': 'true',
  'prometheus.io/port': String(statsPort),
  'prometheus.io/path': '/stats/prometheus',
};

type Volumes = NonNullable<NonNullable<Deployment['pod']>['volumes']>;

function volumes(wanted: WantedProxy, environment: ProxyEnvironment, theirs: Volumes): object[] {
  const ours = [
    { name: volumeNames.certificates, secret: { secretName: environment.certificateSecret(wanted), defaultMode: fileMode } },
    { name: volumeNames.documents, configMap: { name: proxyName(wanted, environment), defaultMode: fileMode } },
    { name: volumeNames.temporary, emptyDir: {} },
  ];
  const taken = new Set(theirs.map(({ name }) => name));
  return [...ours.filter(({ name }) => !taken.has(name)), ...theirs];
}
