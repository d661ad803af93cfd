import type { ResourceOf } from '../../api/kinds.ts';
import { activePorts } from './active-ports.ts';
import type { ModelServer } from './model-server.ts';

type Slice = ResourceOf<'EndpointSlice'>;

/**
 * The model servers in EndpointSlices, where there are no Pods to ask: each ready address is one, with the labels and annotations of its slice. The ports are
 * the pool's, so those of the slice mean nothing. A server with addresses of two families is in a slice of each: IPv4 counts, IPv6 only
 * where there is nothing else. The gateway chooses alike, and would not know a server that it has not chosen.
 */
export function sliceServers(slices: readonly Slice[]): ModelServer[] {
  const v4 = slices.filter(({ object }) => object.addressType === 'IPv4');
  const v6 = slices.filter(({ object }) => object.addressType === 'IPv6');
  return (v4.some(hasUsable) ? v4 : v6).flatMap(serversOf);
}

/** Whether the gateway sees an endpoint: one that is draining counts, too. */
function hasUsable({ object: { endpoints } }: Slice): boolean {
  return (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false || (conditions.terminating === true && conditions.serving !== false));
}

function serversOf({ metadata, object: { endpoints } }: Slice): ModelServer[] {
  return (endpoints ?? []).flatMap(({ addresses, conditions, hostname, targetRef }) => {
    // "No semantics are defined for additional addresses beyond the first, and kube-proxy does not look at them."
    const [ip] = addresses;
    if (ip === undefined || conditions?.ready === false) return [];
    const name = targetRef?.name ?? hostname ?? ip;
    return [{ pod: `${metadata.namespace}/${name}`, ip, labels: metadata.labels, activePorts: activePorts(metadata.annotations) }];
  });
}
