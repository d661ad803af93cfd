import { parseBackendKey, type ServiceKind } from './backend-key.ts';
import { nearEndpoints } from './near-endpoints.ts';
import { nodeLocations } from './places.ts';
import { portOf, transportOf, type ServicePort, type ServicePorts } from './services.ts';
import { atPort, sliceEndpoints, sortedEndpoints } from './slice-endpoints.ts';
import { xBackendLabel } from './x-backends.ts';
import { ownPickerService } from '../inference/own-picker.ts';
import type { PoolState } from '../inference/pools.ts';
import { poolEndpoints } from '../inference/pool-endpoints.ts';
import type { Inputs, Settings } from '../inputs.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import type { SlicePort } from '../../api/types.ts';
import type { Backend, Endpoint, EndpointSet } from '../../ir/backend.ts';
import type { Collection } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

/**
 * What ties a slice to its Service (Kubernetes well-known label) or to its ServiceImport (KEP-1645). Some who carry Services from cluster
 * to cluster make a Service beside each import: their slices are of both.
 */
export const serviceLabels: Readonly<Record<ServiceKind, string>> = {
  Service: 'kubernetes.io/service-name',
  ServiceImport: 'multicluster.kubernetes.io/service-name',
};

/** The endpoints of each backend that has its own. A backend without any has an empty set: it answers 503. */
export function endpointSets(
  graph: Graph,
  inputs: Inputs,
  from: { readonly services: Collection<ServicePorts>; readonly backends: Collection<Backend>; readonly pools: Collection<PoolState>; readonly settings: Pick<Settings, 'endpointPicker' | 'ownsEverything'> },
): Collection<EndpointSet> {
  const slices = inputs.resources.EndpointSlice.index('owner', ({ metadata: { labels, namespace } }) =>
    Object.entries({ ...serviceLabels, XBackend: xBackendLabel }).flatMap(([kind, label]) => (labels[label] === undefined ? [] : [`${kind}/${namespace}/${labels[label]}`])),
  );
  const ofPool = poolEndpoints(inputs, from.settings);
  const locations = nodeLocations(graph, inputs);
  return graph.derive('endpoint-sets', from.backends, ({ key, discovery }, read): EndpointSet | undefined => {
    if (discovery.type !== 'endpoints') return undefined;
    const own = from.settings.endpointPicker;
    const parsed = parseBackendKey(parseBackendKey(key).type === 'endpointpicker' ? (ownPickerService(from.settings) ?? key) : key);
    if (parsed.type === 'endpointpicker') return { backend: key, endpoints: own === undefined || own.type === 'service' ? [] : [{ address: own, zone: '', draining: false }] };
    if (parsed.type === 'backend') {
      return { backend: key, endpoints: sortedEndpoints(backendEndpoints(read.get(inputs.resources.Backend, parsed.object)), (endpoint) => endpoint) };
    }
    if (parsed.type === 'inferencepool') {
      const pool = read.get(from.pools, parsed.object);
      return { backend: key, endpoints: pool === undefined ? [] : ofPool(read, pool.resource) };
    }
    if (parsed.type === 'xbackend') {
      const number = read.get(inputs.resources.XBackend, parsed.object)?.object.spec.port.number;
      const found = sliceEndpoints(read.where(slices, `XBackend/${parsed.object}`), atPort(({ port, protocol }) => port === number && protocol === 'TCP'), 'IPv4');
      return { backend: key, endpoints: found.map(({ endpoint }) => endpoint) };
    }
    const ref = `${parsed.kind}/${parsed.object}`;
    const service = read.get(from.services, ref);
    const port = service && portOf(service, parsed.port, transportOf(parsed.variant));
    if (service === undefined || port === undefined) return { backend: key, endpoints: [] };
    const found = sliceEndpoints(read.where(slices, ref), atPort(isPortOf(port)), service.family);
    const near = nearEndpoints(found, service.preference, (node) => read.get(locations, node));
    return { backend: key, endpoints: found.map(({ endpoint }) => endpoint), ...(near.length > 0 && { near }) };
  });
}

/** A slice's port belongs to the Service port of the same name and protocol; an unnamed Service port to an unnamed one. */
function isPortOf({ name, protocol }: ServicePort): (port: SlicePort) => boolean {
  return (port) => port.name === name && port.protocol === protocol;
}

function backendEndpoints(backend: ResourceOf<'Backend'> | undefined): Endpoint[] {
  return (backend?.object.spec.endpoints ?? []).flatMap(({ ip, unix, hostname, zone = '' }): Endpoint[] => {
    const rest = { ...(hostname !== undefined && { hostname }), zone, draining: false };
    if (ip !== undefined) return [{ address: { type: 'ip', ip: ip.address, port: ip.port }, ...rest }];
    if (unix !== undefined) return [{ address: { type: 'unix', path: unix.path }, ...rest }];
    return [];
  });
}
