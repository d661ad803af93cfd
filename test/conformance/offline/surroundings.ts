import { parseAllDocuments } from 'yaml';
import { selfSigned } from '../../e2e/support/certificate.ts';

/** The controller whose classes are served. */
const controllerName = 'gateway.envoyproxy.io/gatewayclass-controller';

/** Secrets and ConfigMaps that the suite makes by program before its first test, as `utils/suite/suite.go` names them. */
const infra = 'gateway-conformance-infra';
const secrets = [
  `gateway-conformance-web-backend/certificate`,
  `${infra}/tls-validity-checks-certificate`,
  `${infra}/tls-validity-checks-client-certificate`,
  `${infra}/tls-validity-checks-per-port-client-certificate`,
  `${infra}/tls-checks-certificate`,
  `${infra}/tls-checks-client-certificate`,
  `${infra}/tls-passthrough-checks-certificate`,
  `gateway-conformance-app-backend/tls-passthrough-checks-certificate`,
  `${infra}/tls-terminate-checks-certificate`,
];
const authorities = [
  `gateway-conformance-web-backend/web-backend-cm`,
  `${infra}/tls-validity-checks-ca-certificate`,
  `${infra}/tls-validity-checks-per-port-ca-certificate`,
  `${infra}/tls-checks-ca-certificate`,
  `${infra}/mismatch-ca-certificate`,
];

/** As much of an object as is looked at here. */
export interface Manifest {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly spec?: { readonly gatewayClassName?: string; readonly selector?: object; readonly ports?: readonly Port[] };
}

interface Port {
  readonly name?: string;
  readonly protocol?: string;
  readonly port: number;
  readonly targetPort?: number | string;
}

/** What a cluster has around some manifests: the classes that they name and do not bring, and servers for their Services. */
export function surroundingsOf(manifests: readonly Manifest[]): object[] {
  const brought = new Set(manifests.filter(({ kind }) => kind === 'GatewayClass').map(({ metadata }) => metadata?.name));
  const named = new Set(manifests.flatMap(({ spec }) => spec?.gatewayClassName ?? []));
  return [...[...named].filter((name) => !brought.has(name)).map(gatewayClass), ...manifests.filter(({ kind, spec }) => kind === 'Service' && spec?.selector !== undefined).map(endpointSlice)];
}

/** The objects in a text of YAML. */
export function manifestsIn(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest | null).filter((each) => each !== null);
}

/** What the suite makes by program. */
export function suiteObjects(): object[] {
  const { chain, privateKey } = selfSigned('*.example.com');
  return [
    ...secrets.map((id) => ({ ...head('v1', 'Secret', id), type: 'kubernetes.io/tls', stringData: { 'tls.crt': chain, 'tls.key': privateKey } })),
    ...authorities.map((id) => ({ ...head('v1', 'ConfigMap', id), data: { 'ca.crt': chain } })),
  ];
}

export function head(apiVersion: string, kind: string, id: string): object {
  const [namespace, name] = id.split('/');
  return { apiVersion, kind, metadata: { name, namespace } };
}

function gatewayClass(name: string): object {
  return { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass', metadata: { name }, spec: { controllerName } };
}

function endpointSlice({ metadata: { name = '', namespace = 'default' } = {}, spec }: Manifest): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['192.0.2.1'] }],
    ports: spec?.ports?.map((port) => ({ name: port.name ?? '', protocol: port.protocol ?? 'TCP', port: typeof port.targetPort === 'number' ? port.targetPort : port.port })),
  };
}
