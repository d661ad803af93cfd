import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const manifests = join(import.meta.dirname, '../manifests');

/** A file of the standard set as users have it; `port` takes the place of the well-known one, which a test cannot count on. */
export function standard(name: string, port?: number): string {
  const text = readFileSync(join(manifests, 'standard', `${name}.yaml`), 'utf8');
  return port === undefined ? text : text.replace('port: 80\n', `port: ${port}\n`);
}

/** A file of the handbook, as it is. */
export function handbook(name: string): string {
  return readFileSync(join(manifests, 'handbook', `${name}.yaml`), 'utf8');
}

/** The Gateway of the standard set with the TLS listener that its patch adds. */
export function gatewayWithTls(ports: { readonly http: number; readonly https: number }): string {
  return `${standard('gateway', ports.http).trimEnd()}
    - name: https
      protocol: HTTPS
      port: ${ports.https}
      tls:
        mode: Terminate
        certificateRefs:
        - kind: Secret
          group: ""
          name: example-cert
`;
}

/** A Service of the standard set, with an EndpointSlice for a process on loopback. */
export function service(name: string, port: number): string {
  return `apiVersion: v1
kind: Service
metadata:
  name: ${name}
  labels:
    app: ${name}
    service: ${name}
spec:
  ports:
    - name: http
      port: 3000
      targetPort: 3000
  selector:
    app: ${name}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: ${name}-local
  labels:
    kubernetes.io/service-name: ${name}
addressType: IPv4
ports:
  - name: http
    port: ${port}
endpoints:
  - addresses: ["127.0.0.1"]
`;
}

/** A Secret of type kubernetes.io/tls. */
export function tlsSecret(name: string, pair: { readonly chain: string; readonly privateKey: string }): string {
  const data = (text: string) => Buffer.from(text).toString('base64');
  return `apiVersion: v1
kind: Secret
metadata:
  name: ${name}
type: kubernetes.io/tls
data:
  tls.crt: ${data(pair.chain)}
  tls.key: ${data(pair.privateKey)}
`;
}

/** A ConfigMap with CA certificates. */
export function caConfigMap(name: string, certificates: string): string {
  return `apiVersion: v1
kind: ConfigMap
metadata:
  name: ${name}
data:
  ca.crt: ${JSON.stringify(certificates)}
`;
}

/** A ClusterTrustBundle with CA certificates. */
export function clusterTrustBundle(name: string, certificates: string): string {
  return `apiVersion: certificates.k8s.io/v1beta1
kind: ClusterTrustBundle
metadata:
  name: ${name}
spec:
  trustBundle: ${JSON.stringify(certificates)}
`;
}

/** A BackendTLSPolicy for a Service of its own name, that trusts the CA of a ConfigMap. `names` are subjectAltNames, as YAML in a line. */
export function tlsPolicy(service: string, options: { readonly hostname: string; readonly ca: string; readonly names?: string }): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata:
  name: ${service}
spec:
  targetRefs:
    - group: ""
      kind: Service
      name: ${service}
  validation:
    hostname: ${options.hostname}
    caCertificateRefs: [{group: "", kind: ConfigMap, name: ${options.ca}}]
    subjectAltNames: ${options.names ?? '[]'}
`;
}

/** An HTTPRoute of one rule on the standard Gateway. `rule` is the rule's YAML, from its first column on. */
export function route(name: string, options: { readonly host: string; readonly rule: string }): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: ${name}
spec:
  parentRefs:
    - name: ack-gateway
  hostnames: ["${options.host}"]
  rules:
    - ${options.rule.trim().replaceAll('\n', '\n      ')}
`;
}
