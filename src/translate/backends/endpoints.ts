import { parseBackendKey } from './backend-key.ts';
import { portOf, transportOf, type ServicePort, type ServicePorts } from './services.ts';
import type { Inputs } from '../inputs.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import type { Backend, Endpoint, EndpointSet } from '../../ir/backend.ts';
import type { Collection } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';
import { byText } from '../../util/compare.ts';

type Slice = ResourceOf<'EndpointSlice'>;

/** Ties a slice to its Service (Kubernetes well-known label). */
const serviceLabel = 'kubernetes.io/service-name';

/** The endpoints of each backend that has its own. A backend without any has an empty set: it answers 503. */
export function endpointSets(
  graph: Graph,
  inputs: Inputs,
  from: { readonly services: Collection<ServicePorts>; readonly backends: Collection<Backend> },
): Collection<EndpointSet> {
  const slicesByService = inputs.resources.EndpointSlice.index('service', (slice) => {
    const service = slice.metadata.labels[serviceLabel];
    return service === undefined ? [] : [`${slice.metadata.namespace}/${service}`];
  });
  return graph.derive('endpoint-sets', from.backends, ({ key, discovery }, read): EndpointSet | undefined => {
    if (discovery.type !== 'endpoints') return undefined;
    const parsed = parseBackendKey(key);
    if (parsed.type === 'backend') {
      return { backend: key, endpoints: sorted(backendEndpoints(read.get(inputs.resources.Backend, parsed.object))) };
    }
    const service = read.get(from.services, parsed.object);
    const port = service && portOf(service, parsed.port, transportOf(parsed.variant));
    if (service === undefined || port === undefined) return { backend: key, endpoints: [] };
    const found = read.where(slicesByService, parsed.object).map((slice) => ({ slice, endpoints: sliceEndpoints(slice, port) }));
    return { backend: key, endpoints: sorted(ofOneFamily(found, service.family)) };
  });
}

/**
 * A server with an IPv4 and an IPv6 address is in a slice of each, and would get twice its share, half of it perhaps over
 * a network that the proxy does not have: the Service's first family counts, the other one only where the first has none.
 */
function ofOneFamily(found: readonly { readonly slice: Slice; readonly endpoints: readonly Endpoint[] }[], family: 'IPv4' | 'IPv6'): Endpoint[] {
  const preferred = found.filter(({ slice }) => slice.object.addressType === family).flatMap(({ endpoints }) => endpoints);
  return preferred.length > 0 ? preferred : found.flatMap(({ endpoints }) => endpoints);
}

/** A slice's port belongs to the Service port of the same name and protocol; an unnamed Service port to an unnamed one. */
function sliceEndpoints(slice: Slice, { name, protocol }: ServicePort): Endpoint[] {
  if (slice.object.addressType === 'FQDN') return [];
  const port = (slice.object.ports ?? []).find((candidate) => candidate.name === name && candidate.protocol === protocol)?.port;
  // A slice of somebody's own making may leave the port open. Nothing can be sent there, and kube-proxy does not either.
  if (port === undefined || port === 0) return [];
  return (slice.object.endpoints ?? []).flatMap(({ addresses, conditions, zone }) => {
    const draining = conditions?.terminating === true && conditions.serving !== false;
    const ready = conditions?.ready ?? true;
    if (!ready && !draining) return [];
    // "No semantics are defined for additional addresses beyond the first, and kube-proxy does not look at them."
    return addresses.slice(0, 1).map((ip): Endpoint => ({ address: { type: 'ip', ip, port }, zone: zone ?? '', draining: !ready }));
  });
}

function backendEndpoints(backend: ResourceOf<'Backend'> | undefined): Endpoint[] {
  return (backend?.object.spec.endpoints ?? []).flatMap(({ ip, unix, hostname, zone = '' }): Endpoint[] => {
    const rest = { ...(hostname !== undefined && { hostname }), zone, draining: false };
    if (ip !== undefined) return [{ address: { type: 'ip', ip: ip.address, port: ip.port }, ...rest }];
    if (unix !== undefined) return [{ address: { type: 'unix', path: unix.path }, ...rest }];
    return [];
  });
}

/** By zone, then address; an endpoint that stands in two slices (one being replaced by another) counts once. */
function sorted(endpoints: readonly Endpoint[]): Endpoint[] {
  const byAddress = new Map<string, Endpoint>();
  for (const endpoint of endpoints) {
    const key = addressKey(endpoint);
    const earlier = byAddress.get(key);
    if (earlier === undefined || earlier.draining) byAddress.set(key, endpoint);
  }
  return [...byAddress].sort(([a, x], [b, y]) => byText(x.zone, y.zone) || byText(a, b)).map(([, endpoint]) => endpoint);
}

function addressKey({ address }: Endpoint): string {
  return address.type === 'ip' ? `${address.ip} ${String(address.port).padStart(5, '0')}` : address.path;
}
