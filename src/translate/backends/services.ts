import type { Variant } from './backend-key.ts';
import type { Inputs } from '../inputs.ts';
import type { Collection } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';
import type { Backend } from '../../ir/backend.ts';

/** What routes need to know of a Service: the rest of it may change without a route being looked at again. */
export interface ServicePorts {
  readonly key: string;
  readonly version: string;
  /** Set for type ExternalName: the name that stands for it. */
  readonly externalName: string | undefined;
  /** Of a Service with two families of addresses, the one that clients use unless they choose. */
  readonly family: 'IPv4' | 'IPv6';
  /** Addresses of the Service itself; none for a headless one. */
  readonly clusterIPs: readonly string[];
  readonly ports: readonly ServicePort[];
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

/** Services reduced to their ports. */
export function servicePorts(graph: Graph, inputs: Inputs): Collection<ServicePorts> {
  return graph.derive('service-ports', inputs.resources.Service, (service) => {
    const { spec } = service.object;
    return {
      key: service.key,
      version: service.version,
      externalName: spec.type === 'ExternalName' ? spec.externalName : undefined,
      family: spec.ipFamilies?.[0] === 'IPv6' ? 'IPv6' : 'IPv4',
      clusterIPs: (spec.clusterIPs ?? [spec.clusterIP ?? '']).filter((ip) => ip !== '' && ip !== 'None'),
      ports: (spec.ports ?? []).map((port) => ({
        name: port.name ?? '',
        port: port.port,
        protocol: port.protocol,
        appProtocol: port.appProtocol,
      })),
    };
  });
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
