import { parseBackendKey } from './backend-key.ts';
import type { ServicePorts } from './services.ts';
import type { BackendUse, EndpointSet } from '../../ir/backend.ts';
import type { Collection } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

/**
 * The addresses of Services themselves, for proxies that are to leave the choice of a server to the cluster's network (`routingType:
 * Service` of an EnvoyProxy). A headless Service has none, and its servers are used as ever.
 */
export function serviceAddresses(
  graph: Graph,
  from: { readonly services: Collection<ServicePorts>; readonly uses: Collection<BackendUse> },
): Collection<EndpointSet> {
  const wanted = graph.count('via-service', from.uses, ({ backend, via }) => (via === 'service' ? [backend] : []));
  return graph.derive('service-addresses', wanted, (_count, read, backend): EndpointSet | undefined => {
    const parsed = parseBackendKey(backend);
    const [ip] = parsed.type === 'service' ? (read.get(from.services, `${parsed.kind}/${parsed.object}`)?.clusterIPs ?? []) : [];
    if (parsed.type !== 'service' || ip === undefined) return undefined;
    return { backend, endpoints: [{ address: { type: 'ip', ip, port: parsed.port }, zone: '', draining: false }] };
  });
}
