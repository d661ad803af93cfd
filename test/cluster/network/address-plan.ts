/**
 * Every cluster of this machine has a slot, and everything that two clusters could share is named or numbered after it:
 *
 *     10.S.0.0/24      machines: .1 this host, .2 the control plane, .11 … the nodes        S = 160 + slot
 *     10.S.1.0/24      LoadBalancers: .5 … .199 are given out, .200 … .249 only to who asks for them
 *     10.S.16.0/20     Pods, a /24 for each node
 *     10.S.128.0/17    Services
 */
export interface AddressPlan {
  readonly slot: number;
  /** All of the cluster. */
  readonly cidr: string;
  readonly machines: string;
  readonly host: string;
  readonly controlPlane: string;
  readonly loadBalancers: string;
  readonly pods: string;
  readonly services: string;
  readonly kubernetesService: string;
  readonly dns: string;
  /** What names of interfaces, namespaces and cgroups begin with. */
  readonly prefix: string;
}

export const slotCount = 32;
export const maxNodes = 8;

const firstOctet = 160;
const firstNodeHost = 11;
const firstPodBlock = 16;
const givenOut = { first: 5, last: 199 } as const;
const onRequest = { first: 5, last: 249 } as const;

/** The addresses and names of the cluster in a slot (0 … 31). */
export function addressPlan(slot: number): AddressPlan {
  if (!Number.isInteger(slot) || slot < 0 || slot >= slotCount) throw new RangeError(`slot ${slot}: not in 0 … ${slotCount - 1}`);
  const base = `10.${firstOctet + slot}`;
  return {
    slot,
    cidr: `${base}.0.0/16`,
    machines: `${base}.0.0/24`,
    host: `${base}.0.1`,
    controlPlane: `${base}.0.2`,
    loadBalancers: `${base}.1.0/24`,
    pods: `${base}.${firstPodBlock}.0/20`,
    services: `${base}.128.0/17`,
    kubernetesService: `${base}.128.1`,
    dns: `${base}.128.10`,
    prefix: `mg${slot}`,
  };
}

/** The address of a node, the first being 0. */
export function nodeAddress({ slot }: AddressPlan, index: number): string {
  return `10.${firstOctet + slot}.0.${firstNodeHost + index}`;
}

/** The addresses of a node's Pods. */
export function podCidr({ slot }: AddressPlan, index: number): string {
  return `10.${firstOctet + slot}.${firstPodBlock + index}.0/24`;
}

/**
 * The first address for a LoadBalancer after `last` that is not in use; undefined when all are. One that was given back comes last: the nodes
 * may still lead it to the Pods of its former Service.
 */
export function freeLoadBalancer({ slot }: AddressPlan, used: ReadonlySet<string>, last?: string): string | undefined {
  const count = givenOut.last - givenOut.first + 1;
  const start = last === undefined ? 0 : Number(last.slice(last.lastIndexOf('.') + 1)) - givenOut.first + 1;
  for (let step = 0; step < count; step++) {
    const address = `10.${firstOctet + slot}.1.${givenOut.first + ((start + step) % count)}`;
    if (!used.has(address)) return address;
  }
  return undefined;
}

/** Whether a Service may ask for this address. */
export function mayBeLoadBalancer({ slot }: AddressPlan, address: string): boolean {
  const start = `10.${firstOctet + slot}.1.`;
  const host = Number(address.slice(start.length));
  return address.startsWith(start) && /^\d+$/.test(address.slice(start.length)) && host >= onRequest.first && host <= onRequest.last;
}

/** Whether two IPv4 networks ('10.0.0.0/8', or an address) have an address in common. */
export function overlap(one: string, other: string): boolean {
  const [a, b] = [range(one), range(other)];
  return a.first <= b.last && b.first <= a.last;
}

function range(cidr: string): { first: number; last: number } {
  const [address = '', bits = '32'] = cidr.split('/');
  const value = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(value / size) * size;
  return { first, last: first + size - 1 };
}
