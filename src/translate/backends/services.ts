import type { ServiceKind, Variant } from './backend-key.ts';
import { preferenceOf, type Preference } from './near-endpoints.ts';
import type { Inputs } from '../inputs.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import type { Collection } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';
import type { Backend } from '../../ir/backend.ts';

/** What routes need to know of a Service or a ServiceImport: the rest of it may change without a route being looked at again. */
export interface ServicePorts {
  /** `Service/namespace/name`: its key in the collection of all of them. */
  readonly ref: `${ServiceKind}/${string}`;
  readonly version: string;
  /** Set for type ExternalName: the name that stands for it. */
  readonly externalName: string | undefined;
  /** Of a Service with two families of addresses, the one that clients use unless they choose. */
  readonly family: 'IPv4' | 'IPv6';
  /** Addresses of the Service itself; none for a headless one. */
  readonly clusterIPs: readonly string[];
  readonly ports: readonly ServicePort[];
  /** Which of its endpoints are preferred. */
  readonly preference: Preference | undefined;
}

export interface ServicePort {
  /** '' when unnamed. */
  readonly name: string;
  readonly port: number;
  readonly protocol: Transport;
  readonly appProtocol: string | undefined;
}

/** Protocol of a port. Names of ports are unique in a Service, numbers only within a protocol. */
export type Transport = 'TCP' | 'UDP' | 'SCTP';

/** The protocol of the ports that a backend's key means. */
export function transportOf(variant: Variant | undefined): Transport {
  return variant === 'udp' ? 'UDP' : 'TCP';
}

/** The port of a Service with a number, of a protocol. */
export function portOf(service: Pick<ServicePorts, 'ports'>, number: number, protocol: Transport): ServicePort | undefined {
  return service.ports.find((candidate) => candidate.port === number && candidate.protocol === protocol);
}

/** Services and ServiceImports reduced to their ports. */
export function servicePorts(graph: Graph, { resources }: Inputs): Collection<ServicePorts> {
  return graph.union('services', {
    Service: graph.derive('service-ports', resources.Service, portsOfService),
    ServiceImport: graph.derive('service-import-ports', resources.ServiceImport, portsOfImport),
  });
}

function portsOfService(service: ResourceOf<'Service'>): ServicePorts {
  const { key, version, object: { spec } } = service;
  return {
    ref: `Service/${key}`,
    version,
    externalName: spec.type === 'ExternalName' ? spec.externalName : undefined,
    family: firstFamily(spec.ipFamilies),
    clusterIPs: (spec.clusterIPs ?? [spec.clusterIP ?? '']).filter((ip) => ip !== '' && ip !== 'None'),
    ports: (spec.ports ?? []).map(servicePort),
    preference: preferenceOf(service),
  };
}

/** A Service of other clusters: what it consists of here are its EndpointSlices, and its own address unless it is headless (KEP-1645). */
function portsOfImport(imported: ResourceOf<'ServiceImport'>): ServicePorts {
  const { key, version, object: { spec } } = imported;
  return {
    ref: `ServiceImport/${key}`,
    version,
    externalName: undefined,
    family: firstFamily(spec?.ipFamilies),
    clusterIPs: spec?.type === 'ClusterSetIP' ? (spec.ips ?? []) : [],
    ports: (spec?.ports ?? []).map(servicePort),
    preference: preferenceOf(imported),
  };
}

function firstFamily(families: readonly string[] | undefined): ServicePorts['family'] {
  return families?.[0] === 'IPv6' ? 'IPv6' : 'IPv4';
}

function servicePort(port: { readonly name?: string; readonly port: number; readonly protocol?: string; readonly appProtocol?: string }): ServicePort {
  const protocol = port.protocol === 'UDP' || port.protocol === 'SCTP' ? port.protocol : 'TCP';
  return { name: port.name ?? '', port: port.port, protocol, appProtocol: port.appProtocol };
}

/** Values of `appProtocol` (KEP-3726, and Envoy Gateway's own) and what is then spoken. WebSockets begin with HTTP/1.1. */
const protocols: ReadonlyMap<string, Backend['protocol']> = new Map([
  ['kubernetes.io/h2c', 'h2c'],
  ['gateway.envoyproxy.io/h2c', 'h2c'],
  ['h2c', 'h2c'],
  ['grpc', 'h2c'],
  ['kubernetes.io/ws', 'http1'],
  ['gateway.envoyproxy.io/ws', 'http1'],
  ['ws', 'http1'],
  ['kubernetes.io/wss', 'http1'],
  ['gateway.envoyproxy.io/wss', 'http1'],
  ['wss', 'http1'],
  ['http', 'http1'],
]);

/** Protocols that mean nothing without TLS towards the backend. */
const tlsProtocols: ReadonlySet<string> = new Set(['https', 'kubernetes.io/wss', 'gateway.envoyproxy.io/wss', 'wss']);

/** What an `appProtocol` asks for. Of a protocol nobody knows: HTTP/1.1, or with TLS what client and server agree on. */
export function protocolOf(appProtocol: string | undefined, secured: boolean): Backend['protocol'] {
  return protocols.get(appProtocol?.toLowerCase() ?? '') ?? (secured ? 'auto' : 'http1');
}

/** Whether an `appProtocol` means nothing without TLS. */
export function needsTls(appProtocol: string | undefined): boolean {
  return appProtocol !== undefined && tlsProtocols.has(appProtocol.toLowerCase());
}
