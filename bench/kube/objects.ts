/** A Kubernetes object as it is sent. */
export type KubeObject = Readonly<Record<string, unknown>>;

export const namespace = 'bench';
export const gatewayName = 'bench';
/** The header by which an answer tells which version of its route gave it. */
export const versionHeader = 'x-route-version';

const image = 'registry.k8s.io/gateway-api/echo-basic:v1.6.0-dev.3';

/** Paths of the lists that objects are created in. */
export const paths = {
  namespaces: '/api/v1/namespaces',
  services: `/api/v1/namespaces/${namespace}/services`,
  endpointSlices: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
  deployments: `/apis/apps/v1/namespaces/${namespace}/deployments`,
  gateways: `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/gateways`,
  gatewayClasses: '/apis/gateway.networking.k8s.io/v1/gatewayclasses',
  routes: `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/httproutes`,
} as const;

export const namespaceObject: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };

/** The class that the Gateway names. Both products answer to this controller name. */
export function gatewayClass(name: string): KubeObject {
  return { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass', metadata: { name }, spec: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' } };
}

/** One HTTP listener for everything. */
export function gateway(className: string): KubeObject {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: gatewayName, namespace },
    spec: { gatewayClassName: className, listeners: [{ name: 'http', protocol: 'HTTP', port: 80 }] },
  };
}

/** A server that answers everything with 200. */
export const backend: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'backend', namespace },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'backend' } },
    template: { metadata: { labels: { app: 'backend' } }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'backend', image }] } },
  },
};

/** The i-th Service. Its endpoints are given, not selected: so there can be thousands on one Pod without a thousand things to do for Kubernetes. */
export function service(index: number): KubeObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: serviceName(index), namespace }, spec: { ports: [{ name: 'http', port: 80, targetPort: 3000 }] } };
}

/** The endpoints of the i-th Service: one Pod. */
export function endpointSlice(index: number, address: string): KubeObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: serviceName(index), namespace, labels: { 'kubernetes.io/service-name': serviceName(index) } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 3000, protocol: 'TCP' }],
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
  };
}

/** Hostname of the i-th route. */
export function host(index: number): string {
  return `host-${index}.example.com`;
}

export function routeName(index: number): string {
  return `route-${index}`;
}

/** The i-th route in one of its versions; versions differ in a header of the answer. Routes share `services` Services. */
export function route(index: number, { version, services }: { readonly version: string; readonly services: number }): KubeObject {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: routeName(index), namespace },
    spec: {
      parentRefs: [{ name: gatewayName }],
      hostnames: [host(index)],
      rules: [{
        filters: [{ type: 'ResponseHeaderModifier', responseHeaderModifier: { set: [{ name: versionHeader, value: version }] } }],
        backendRefs: [{ name: serviceName(index % services), port: 80 }],
      }],
    },
  };
}

function serviceName(index: number): string {
  return `backend-${index}`;
}
