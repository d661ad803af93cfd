import { echoImages } from '../images/catalog.ts';

/** Settings of an echo server's Service and Pods. */
export interface EchoOptions {
  readonly type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
  readonly replicas?: number;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly loadBalancerIP?: string;
  readonly externalTrafficPolicy?: 'Cluster' | 'Local';
}

/** An echo server of the Gateway API's conformance suite: a Deployment, and a Service at port 8080. It answers which Pod it is, and what it was asked. */
export function echo(name: string, { type = 'ClusterIP', replicas = 1, nodeSelector = {}, ...service }: EchoOptions = {}): object[] {
  const labels = { app: name };
  const fromPod = (variable: string, fieldPath: string): object => ({ name: variable, valueFrom: { fieldRef: { fieldPath } } });
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: 'default' },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            nodeSelector,
            containers: [{
              name: 'echo',
              image: echoImages[0],
              env: [fromPod('POD_NAME', 'metadata.name'), fromPod('NAMESPACE', 'metadata.namespace')],
              readinessProbe: { httpGet: { path: '/health', port: 3000 }, periodSeconds: 1 },
            }],
          },
        },
      },
    },
    { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec: { type, ...service, selector: labels, ports: [{ name: 'http', port: 8080, targetPort: 3000 }] } },
  ];
}
