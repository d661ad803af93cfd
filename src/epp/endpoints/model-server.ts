import { byText } from '../../util/compare.ts';

/** One Pod, or what stands for one, that serves models: perhaps at several ports. */
export interface ModelServer {
  /** `namespace/name`. */
  readonly pod: string;
  readonly ip: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Ports of the pool at which it serves; undefined: all. */
  readonly activePorts: readonly number[] | undefined;
}

/** What an endpoint is, before it has a place in its pool. */
export interface EndpointDescription {
  /** `namespace/pod-rank-N`. */
  readonly name: string;
  readonly pod: string;
  readonly ip: string;
  readonly port: number;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * The endpoints of a pool's servers, by name: each port of each server is one, and N of its name is the port's place among the pool's. Servers that share an
 * address are one, the first by name; servers that share a name are told apart by their addresses.
 */
export function describeEndpoints(servers: readonly ModelServer[], targetPorts: readonly number[]): EndpointDescription[] {
  const found: EndpointDescription[] = [];
  const pods = new Set<string>();
  const addresses = new Set<string>();
  for (const { pod, ip, labels, activePorts } of servers.toSorted((a, b) => byText(a.pod, b.pod) || byText(a.ip, b.ip))) {
    if (addresses.has(ip)) continue;
    addresses.add(ip);
    const own = pods.has(pod) ? `${pod}-${ip}` : pod;
    pods.add(own);
    for (const [rank, port] of targetPorts.entries()) {
      if (activePorts !== undefined && !activePorts.includes(port)) continue;
      found.push({ name: `${own}-rank-${rank}`, pod: own, ip, port, labels });
    }
  }
  return found.sort((a, b) => byText(a.name, b.name));
}
