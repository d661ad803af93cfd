import { parseBackendKey, type BackendKey } from './backend-key.ts';
import { endpointSets } from './endpoints.ts';
import { portOf, protocolOf, transportOf, type ServicePorts } from './services.ts';
import type { Inputs } from '../inputs.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import type { Backend, EndpointSet } from '../../ir/backend.ts';
import type { Collection } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

/** The backends that are in use, and their endpoints apart from them. `inUse` is keyed by backend. */
export function backends(
  graph: Graph,
  inputs: Inputs,
  from: { readonly services: Collection<ServicePorts>; readonly inUse: Collection<unknown> },
): { readonly backends: Collection<Backend>; readonly endpointSets: Collection<EndpointSet> } {
  const all = graph.derive('backends', from.inUse, (_use, read, key): Backend | undefined => {
    const parsed = parseBackendKey(key);
    if (parsed.type === 'service') return serviceBackend(key, parsed, read.get(from.services, parsed.object));
    return objectBackend(key, parsed, read.get(inputs.resources.Backend, parsed.object));
  });
  return { backends: all, endpointSets: endpointSets(graph, inputs, { services: from.services, backends: all }) };
}

function serviceBackend(
  key: string,
  { port, variant }: Extract<BackendKey, { type: 'service' }>,
  service: ServicePorts | undefined,
): Backend | undefined {
  if (service === undefined) return undefined;
  return {
    key,
    owner: `Service/${service.key}`,
    ownerVersion: service.version,
    protocol: variant === 'h2c' ? 'h2c' : (protocolOf(portOf(service, port, transportOf(variant))?.appProtocol) ?? 'http1'),
    discovery:
      service.externalName === undefined
        ? { type: 'endpoints' }
        : { type: 'dns', hosts: [{ hostname: service.externalName, port }] },
  };
}

function objectBackend(key: string, { variant }: BackendKey, backend: ResourceOf<'Backend'> | undefined): Backend | undefined {
  if (backend === undefined) return undefined;
  const { endpoints = [], appProtocols = [] } = backend.object.spec;
  // "fqdn addresses cannot be mixed with other address types": the API sees to it.
  const hosts = endpoints.flatMap(({ fqdn }) => (fqdn === undefined ? [] : [{ hostname: fqdn.hostname, port: fqdn.port }]));
  return {
    key,
    owner: `Backend/${backend.key}`,
    ownerVersion: backend.version,
    protocol: variant === 'h2c' ? 'h2c' : (protocolOf(appProtocols[0]) ?? 'http1'),
    discovery: hosts.length > 0 ? { type: 'dns', hosts } : { type: 'endpoints' },
  };
}
