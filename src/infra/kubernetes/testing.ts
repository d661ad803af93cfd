import type { KubeObject } from '../../kube/object.ts';
import { renderProxy } from './render.ts';
import type { ProxyEnvironment, ProxySettings, WantedProxy } from './wanted-proxy.ts';

/** A controller's environment, as the chart would have it. */
export const environment: ProxyEnvironment = {
  controllerNamespace: 'moongate-system',
  deploy: 'ControllerNamespace',
  xds: { host: 'envoy-gateway.moongate-system.svc', port: 18_000 },
  clusterDomain: 'cluster.local',
  envoyImage: 'docker.io/envoyproxy/envoy:distroless-v1.40.0',
  helperImage: 'docker.io/moongate/moongate:0.1.0',
  certificateSecret: ({ id }) => `${id.replaceAll('/', '-')}-xds`,
};

/** The same, with proxies in their Gateways' namespaces. */
export const inGatewayNamespaces: ProxyEnvironment = { ...environment, deploy: 'GatewayNamespace' };

/** The proxy of Gateway default/ack-gateway, with one HTTP listener. */
export function wantedProxy(changes: Partial<WantedProxy> = {}): WantedProxy {
  return {
    id: 'default/ack-gateway',
    gateway: { namespace: 'default', name: 'ack-gateway', uid: 'f0e1' },
    gatewayClass: { name: 'ack-gateway', uid: 'c1a5' },
    merged: false,
    ports: [{ name: 'http-80', port: 80, containerPort: 10_080, protocol: 'TCP' }],
    labels: {},
    annotations: {},
    addresses: [],
    settings: undefined,
    ...changes,
  };
}

type Kubernetes = NonNullable<NonNullable<ProxySettings['provider']>['kubernetes']>;

/** Settings of an EnvoyProxy, with the schema's defaults where they are needed. */
export function settings(changes: Partial<ProxySettings>, kubernetes?: Kubernetes): ProxySettings {
  return {
    logging: { level: { default: 'warn' } },
    ...changes,
    ...(kubernetes === undefined ? {} : { provider: { type: 'Kubernetes', kubernetes } }),
  };
}

/** Renders a proxy and returns what a test wants to look into. */
export function rendered(changes: Partial<WantedProxy> = {}, where: ProxyEnvironment = environment): Rendered {
  const { objects, faults } = renderProxy(wantedProxy(changes), where);
  const find = (kind: string): Found | undefined => objects.find((object) => object.kind === kind) as Found | undefined;
  const get = (kind: string): Found => {
    const found = find(kind);
    if (found === undefined) throw new Error(`no ${kind} was rendered`);
    return found;
  };
  const workload = find('Deployment') ?? get('DaemonSet');
  const [envoy, helper] = workload.spec.template.spec.containers;
  if (envoy === undefined || helper === undefined) throw new Error('there are no two containers');
  return { objects, faults, find, get, pod: workload.spec.template, envoy, helper, service: get('Service') };
}

// Tests reach into what was rendered as if it were a Deployment, a Service and all others at once: what is not there is undefined.
type Found = KubeObject & { readonly spec: Spec; readonly data: Readonly<Record<string, string>> };

interface Spec {
  readonly [field: string]: unknown;
  readonly template: PodTemplate;
}

interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly [field: string]: unknown; readonly containers: readonly Container[]; readonly volumes: readonly { readonly name: string }[] };
}

interface Container {
  readonly [field: string]: unknown;
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

interface Rendered {
  readonly objects: readonly KubeObject[];
  readonly faults: readonly string[];
  readonly find: (kind: string) => Found | undefined;
  readonly get: (kind: string) => Found;
  readonly pod: PodTemplate;
  readonly envoy: Container;
  readonly helper: Container;
  readonly service: Found;
}

/** The value that follows a flag. */
export function argument(args: readonly string[], flag: string): string | undefined {
  const at = args.indexOf(flag);
  return at === -1 ? undefined : args[at + 1];
}

/** Envoy's bootstrap, from its command line. */
export function bootstrapOf(args: readonly string[]): BootstrapShape {
  return JSON.parse(argument(args, '--config-yaml') ?? 'null') as BootstrapShape;
}

interface BootstrapShape {
  readonly [field: string]: unknown;
  readonly static_resources: {
    readonly listeners: readonly { readonly name: string; readonly address: { readonly socket_address: { readonly address: string; readonly port_value: number } } }[];
    readonly clusters: readonly { readonly [field: string]: unknown; readonly name: string }[];
  };
  readonly overload_manager: { readonly resource_monitors: readonly { readonly name: string; readonly typed_config: Readonly<Record<string, unknown>> }[] };
}
