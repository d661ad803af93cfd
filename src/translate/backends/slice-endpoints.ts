import type { ResourceOf } from '../../api/kinds.ts';
import type { SlicePort } from '../../api/types.ts';
import type { Endpoint } from '../../ir/backend.ts';
import { byText } from '../../util/compare.ts';

type Slice = ResourceOf<'EndpointSlice'>;

/** An endpoint, with what its slice says of where it is and for whom. */
export interface SliceEndpoint {
  readonly endpoint: Endpoint;
  readonly node: string | undefined;
  /** Zones and nodes whose clients are to use it; empty: nothing is said. */
  readonly hints: { readonly zones: readonly string[]; readonly nodes: readonly string[] };
}

/** The port of a slice that fits, if there is one. A slice of somebody's own making may leave it open: nothing can be sent there, and kube-proxy does not either. */
export function atPort(isPort: (port: SlicePort) => boolean): (slice: Slice) => readonly number[] {
  return ({ object }) => {
    const port = (object.ports ?? []).find(isPort)?.port;
    return port === undefined || port === 0 ? [] : [port];
  };
}

/**
 * The endpoints at some ports of each slice. A server with an IPv4 and an IPv6 address is in a slice of each, and would get twice its share,
 * half of it perhaps over a network that the proxy does not have: the Service's first family counts, the other one only where the
 * first has none.
 */
export function sliceEndpoints(slices: readonly Slice[], portsOf: (slice: Slice) => readonly number[], family: 'IPv4' | 'IPv6'): SliceEndpoint[] {
  const found = slices.map((slice) => ({ slice, endpoints: endpointsOf(slice, portsOf(slice)) }));
  const preferred = found.filter(({ slice }) => slice.object.addressType === family).flatMap(({ endpoints }) => endpoints);
  return sortedEndpoints(preferred.length > 0 ? preferred : found.flatMap(({ endpoints }) => endpoints), ({ endpoint }) => endpoint);
}

function endpointsOf({ object }: Slice, ports: readonly number[]): SliceEndpoint[] {
  // "No semantics are defined for the FQDN type", and kube-proxy does not look at it.
  if (object.addressType === 'FQDN') return [];
  return (object.endpoints ?? []).flatMap(({ addresses, conditions, zone, nodeName, hints }) => {
    const draining = conditions?.terminating === true && conditions.serving !== false;
    const ready = conditions?.ready ?? true;
    if (!ready && !draining) return [];
    // "No semantics are defined for additional addresses beyond the first, and kube-proxy does not look at them."
    return addresses.slice(0, 1).flatMap((ip) => ports.map((port): SliceEndpoint => ({
      endpoint: { address: { type: 'ip', ip, port }, zone: zone ?? '', draining: !ready },
      node: nodeName,
      hints: { zones: (hints?.forZones ?? []).map((hint) => hint.name), nodes: (hints?.forNodes ?? []).map((hint) => hint.name) },
    })));
  });
}

/** By zone, then address; an endpoint that stands in two slices (one being replaced by another) counts once. */
export function sortedEndpoints<T>(items: readonly T[], endpointOf: (item: T) => Endpoint): T[] {
  const byAddress = new Map<string, T>();
  for (const item of items) {
    const key = addressKey(endpointOf(item));
    const earlier = byAddress.get(key);
    if (earlier === undefined || endpointOf(earlier).draining) byAddress.set(key, item);
  }
  return [...byAddress].sort(([a, x], [b, y]) => byText(endpointOf(x).zone, endpointOf(y).zone) || byText(a, b)).map(([, item]) => item);
}

function addressKey({ address }: Endpoint): string {
  return address.type === 'ip' ? `${address.ip} ${String(address.port).padStart(5, '0')}` : address.path;
}
