import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Services that all routes share; each has one endpoint at each of the servers. */
const serviceCount = 4;

/** The route that is changed: the last one, which is also the last to be served at the start. */
export const changedHost = (routes: number): string => host(routes - 1);

/** The header by which an answer tells which version of its route gave it. */
export const versionHeader = 'x-route-version';

/** Hostname of the i-th route. */
export function host(index: number): string {
  return `host-${index}.example.com`;
}

/** The i-th route in one of its versions, as YAML. Routes differ in hostname and backend; versions differ in a header of the answer. */
export function routeYaml(index: number, version: string): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: route-${index}
  namespace: default
spec:
  parentRefs:
  - name: gateway
  hostnames:
  - ${host(index)}
  rules:
  - matches:
    - path:
        type: PathPrefix
        value: /
    filters:
    - type: ResponseHeaderModifier
      responseHeaderModifier:
        set:
        - name: ${versionHeader}
          value: "${version}"
    backendRefs:
    - name: backend-${index % serviceCount}
      port: 80
`;
}

/** The endpoints of a Service, as YAML. */
export function endpointSliceYaml(service: number, ports: readonly number[]): string {
  return ports
    .map(
      (port, i) => `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: backend-${service}-${i}
  namespace: default
  labels:
    kubernetes.io/service-name: backend-${service}
addressType: IPv4
ports:
- name: http
  port: ${port}
  protocol: TCP
endpoints:
- addresses: ["127.0.0.1"]
  conditions: {ready: true}
`,
    )
    .join('---\n');
}

function gatewayYaml(port: number): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata:
  name: bench
spec:
  controllerName: ${controllerName}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: gateway
  namespace: default
spec:
  gatewayClassName: bench
  listeners:
  - name: http
    protocol: HTTP
    port: ${port}
`;
}

function serviceYaml(service: number): string {
  return `apiVersion: v1
kind: Service
metadata:
  name: backend-${service}
  namespace: default
spec:
  ports:
  - name: http
    port: 80
    targetPort: 8080
`;
}

export const controllerName = 'gateway.envoyproxy.io/gatewayclass-controller';

/** The proxy that serves the Gateway. */
export const proxyId = 'default/gateway';

/** What the benchmark's resources are made of. */
export interface WorldOptions {
  readonly routes: number;
  /** Where the Gateway listens. */
  readonly port: number;
  /** Where the backends listen. */
  readonly backends: readonly number[];
  /** All routes in one multi-document file, instead of a file for each. */
  readonly oneFile: boolean;
}

/** Resource files on disk, and how to change them. */
export interface World {
  readonly directory: string;
  /** Writes another version of the changed route beside its file; the returned function renames it into place. */
  readonly prepareRoute: (version: string) => () => void;
  /** The same for the endpoints of the first Service. */
  readonly prepareEndpoints: (ports: readonly number[]) => () => void;
}

/** The version that every route has at first. */
export const firstVersion = 'v0';

/** Writes the files into `directory`. */
export function writeWorld(directory: string, options: WorldOptions): World {
  const { routes, oneFile } = options;
  const last = routes - 1;
  const texts = Array.from({ length: routes }, (_, i) => routeYaml(i, firstVersion));
  mkdirSync(directory);
  const prepare = (name: string, text: string): (() => void) => {
    const next = join(directory, '.next');
    writeFileSync(next, text);
    return () => renameSync(next, join(directory, name));
  };
  writeFileSync(join(directory, 'gateway.yaml'), gatewayYaml(options.port));
  writeFileSync(join(directory, 'services.yaml'), Array.from({ length: serviceCount }, (_, i) => serviceYaml(i)).join('---\n'));
  for (let i = 0; i < serviceCount; i++) writeFileSync(join(directory, `endpoints-${i}.yaml`), endpointSliceYaml(i, options.backends));
  if (oneFile) writeFileSync(join(directory, 'routes.yaml'), texts.join('---\n'));
  else texts.forEach((text, i) => writeFileSync(join(directory, `route-${i}.yaml`), text));
  return {
    directory,
    prepareRoute(version) {
      const text = routeYaml(last, version);
      if (!oneFile) return prepare(`route-${last}.yaml`, text);
      texts[last] = text;
      return prepare('routes.yaml', texts.join('---\n'));
    },
    prepareEndpoints: (ports) => prepare('endpoints-0.yaml', endpointSliceYaml(0, ports)),
  };
}
