import { changeBootstrap } from './bootstrap-changes.ts';
import { bootstrap } from './bootstrap.ts';
import type { Bootstrap } from './bootstrap.ts';
import { envoyArguments, helperArguments } from './command-lines.ts';
import type { OnFault } from './patch.ts';
import { drainedPath, healthPath, helperPort, readyPort, statsPort } from './ports.ts';
import { quantity } from './quantity.ts';
import { certificatesPath, documentsPath } from './sds.ts';
import type { ProxyEnvironment, ProxySettings, WantedProxy } from './wanted-proxy.ts';
import { strategicMerge } from '../../util/strategic-merge.ts';

type Kubernetes = NonNullable<NonNullable<ProxySettings['provider']>['kubernetes']>;

/** `container` of an EnvoyProxy's Deployment or DaemonSet. */
export type ContainerSettings = NonNullable<NonNullable<Kubernetes['envoyDeployment']>['container']>;

/** Names of the Pod's volumes that the containers mount. */
export const volumeNames = { certificates: 'xds-certs', documents: 'xds-sds', temporary: 'tmp' } as const;

/** Of the memory that the container may have, what Envoy's heap may take; the rest is stacks, buffers of the kernel's, code. */
const heapShare = 0.8;

/** Envoy's resources unless the user says otherwise, as with Envoy Gateway. */
const envoyResources = { requests: { cpu: '100m', memory: '512Mi' } };
// A small program on Node: what it has in use, not what Envoy Gateway's Go program has.
const helperResources = { requests: { cpu: '10m', memory: '64Mi' } };

/** Nobody is root, nothing is written to the image, no capability is left. Pod Security Standards: Restricted. */
const securityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  privileged: false,
  readOnlyRootFilesystem: true,
  runAsGroup: 65_532,
  runAsNonRoot: true,
  runAsUser: 65_532,
  seccompProfile: { type: 'RuntimeDefault' },
};

/** The two containers of a proxy's Pod: Envoy, and the helper that drains it before the Pod ends. */
export function containers(wanted: WantedProxy, environment: ProxyEnvironment, { settings, onFault }: { settings: ContainerSettings | undefined; onFault: OnFault }): object[] {
  // Fields that a user sets win one by one: the others stay as strict as they are.
  const security = settings?.securityContext === undefined ? securityContext : strategicMerge(securityContext, settings.securityContext);
  return [envoy(wanted, environment, { settings, security, onFault }), helper(wanted, environment, security)];
}

interface EnvoyOptions {
  readonly settings: ContainerSettings | undefined;
  readonly security: unknown;
  readonly onFault: OnFault;
}

function envoy(wanted: WantedProxy, environment: ProxyEnvironment, { settings, security, onFault }: EnvoyOptions): object {
  const resources = settings?.resources ?? envoyResources;
  const stats = wanted.settings?.telemetry?.metrics?.prometheus?.disable !== true;
  return {
    name: 'envoy',
    image: envoyImage(environment.envoyImage, settings),
    imagePullPolicy: 'IfNotPresent',
    command: ['envoy'],
    args: envoyArguments(wanted, effectiveBootstrap(wanted, environment, { settings, onFault })),
    env: byName(podVariables, settings?.env ?? [], ({ name }) => name),
    resources,
    securityContext: security,
    // Not those of the listeners: a new one must not cost every Pod its life.
    ports: [...(stats ? [{ name: 'metrics', containerPort: statsPort, protocol: 'TCP' }] : []), { name: 'readiness', containerPort: readyPort, protocol: 'TCP' }],
    volumeMounts: byName(volumeMounts, settings?.volumeMounts ?? [], ({ name }) => name),
    // The API server fills in what a probe leaves out; written out, an object that nobody changed looks as it was applied.
    startupProbe: httpProbe('/ready', readyPort, { periodSeconds: 1, failureThreshold: 600 }),
    readinessProbe: httpProbe('/ready', readyPort, { periodSeconds: 5, failureThreshold: 2 }),
    lifecycle: { preStop: { httpGet: { path: drainedPath, port: helperPort, scheme: 'HTTP' } } },
  };
}

/**
 * When the Pod ends, the kubelet tells both containers at once: the helper by SIGTERM, upon which it drains Envoy and exits, Envoy by its
 * hook, which lasts until the helper says that it is done. So nobody has to be let in who could ask for a drain over the network.
 */
function helper({ settings }: WantedProxy, environment: ProxyEnvironment, security: unknown): object {
  return {
    name: 'shutdown-manager',
    image: environment.helperImage,
    imagePullPolicy: 'IfNotPresent',
    args: helperArguments(settings?.shutdown),
    env: podVariables,
    resources: helperResources,
    securityContext: security,
    ports: [{ name: 'shutdown', containerPort: helperPort, protocol: 'TCP' }],
    // No readiness probe: the proxy serves as well when its helper has a bad moment.
    startupProbe: httpProbe(healthPath, helperPort, { periodSeconds: 1, failureThreshold: 600 }),
  };
}

/** The bootstrap with the user's changes; a change that cannot be made is a fault, and leaves ours. */
function effectiveBootstrap(wanted: WantedProxy, environment: ProxyEnvironment, { settings, onFault }: { settings: ContainerSettings | undefined; onFault: OnFault }): Bootstrap {
  const limit = settings?.resources?.limits?.['memory'];
  const bytes = limit === undefined ? undefined : quantity(limit);
  const own = bootstrap(environment, { settings: wanted.settings, maxHeapBytes: bytes === undefined ? undefined : Math.floor(bytes * heapShare) });
  const changes = wanted.settings?.bootstrap;
  if (changes === undefined) return own;
  const { bootstrap: changed, fault } = changeBootstrap(own, changes);
  if (fault !== undefined) onFault(fault);
  return changed ?? own;
}

/** The user's image, or another repository with the version that we are made for, or ours. */
function envoyImage(ours: string, settings: ContainerSettings | undefined): string {
  if (settings?.imageRepository !== undefined && settings.imageRepository !== '') {
    const tag = /:([\w][\w.-]*)(?:@.*)?$/.exec(ours.slice(ours.lastIndexOf('/') + 1))?.[1];
    return tag === undefined ? settings.imageRepository : `${settings.imageRepository}:${tag}`;
  }
  return settings?.image === undefined || settings.image === '' ? ours : settings.image;
}

/** Ours, with those of the user's in place of ours that have the same name, and behind them. */
function byName<T extends { readonly name: string }>(ours: readonly object[], theirs: readonly T[], nameOf: (item: T) => string): object[] {
  const replaced = new Map(theirs.map((item) => [nameOf(item), item]));
  const kept = ours.map((item) => {
    const { name } = item as { readonly name: string };
    const theirItem = replaced.get(name);
    replaced.delete(name);
    return theirItem ?? item;
  });
  return [...kept, ...replaced.values()];
}

const podVariables = [
  fieldVariable('ENVOY_POD_NAMESPACE', 'metadata.namespace'),
  fieldVariable('ENVOY_POD_NAME', 'metadata.name'),
  fieldVariable('ENVOY_NODE_NAME', 'spec.nodeName'),
  fieldVariable('ENVOY_SERVICE_ZONE', "metadata.labels['topology.kubernetes.io/zone']"),
];

function fieldVariable(name: string, fieldPath: string): { readonly name: string; readonly valueFrom: object } {
  return { name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } };
}

const volumeMounts = [
  { name: volumeNames.certificates, mountPath: certificatesPath, readOnly: true },
  { name: volumeNames.documents, mountPath: documentsPath, readOnly: true },
  // For users' access logs and sockets.
  { name: volumeNames.temporary, mountPath: '/tmp' },
];

function httpProbe(path: string, port: number, times: { readonly periodSeconds: number; readonly failureThreshold: number }): object {
  return { httpGet: { path, port, scheme: 'HTTP' }, timeoutSeconds: 1, successThreshold: 1, ...times };
}
