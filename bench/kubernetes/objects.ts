import type { KubeInput } from '../../src/kube/verbs.ts';
import type { KubeResource } from '../../src/kube/resource.ts';
import { versionHeader } from '../propagation/world.ts';

const gatewayApi = { group: 'gateway.networking.k8s.io', version: 'v1', namespaced: true } as const;

export const gateways: KubeResource = { ...gatewayApi, plural: 'gateways', kind: 'Gateway' };
export const httpRoutes: KubeResource = { ...gatewayApi, plural: 'httproutes', kind: 'HTTPRoute' };

/** Where everything is that a benchmark makes. */
export const namespace = 'bench';
export const gatewayName = 'bench';
/** The Service that answers; the Gateway API's echo server. */
export const backend = 'backend';

/** What there is before anything is measured: a Gateway on port 80, and two Pods that answer. */
export function world(gatewayClass: string): KubeInput[] {
  const labels = { app: backend };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    {
      apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: backend, namespace },
      spec: {
        replicas: 1, selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [{
              name: backend, image: 'registry.k8s.io/gateway-api/echo-basic:v1.5.1', ports: [{ containerPort: 3000 }],
              env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }, { name: 'NAMESPACE', value: namespace }],
            }],
          },
        },
      },
    },
    service(backend),
    {
      apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: { name: gatewayName, namespace },
      spec: { gatewayClassName: gatewayClass, listeners: [{ name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } }] },
    },
  ];
}

/** A Service in front of the Pods that answer. */
export function service(name: string, inNamespace = namespace): KubeInput {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: inNamespace }, spec: { selector: { app: backend }, ports: [{ port: 80, targetPort: 3000 }] } };
}

/** A route for one host, with a header in its answers that names the version. */
export function route(name: string, { host = `${name}.example.com`, version = 'v0', to = backend, inNamespace = namespace }: RouteOptions = {}): KubeInput {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name, namespace: inNamespace },
    spec: {
      parentRefs: [{ name: gatewayName, namespace }],
      hostnames: [host],
      rules: [{
        matches: [{ path: { type: 'PathPrefix', value: '/' } }],
        filters: [{ type: 'ResponseHeaderModifier', responseHeaderModifier: { set: [{ name: versionHeader, value: version }] } }],
        backendRefs: [{ name: to, port: 80 }],
      }],
    },
  };
}

interface RouteOptions {
  readonly host?: string;
  readonly version?: string;
  readonly to?: string;
  readonly inNamespace?: string;
}
