import { freeLoadBalancer, mayBeLoadBalancer } from './address-plan.ts';
import type { AddressPlan } from './address-plan.ts';

/** What of a Service of type LoadBalancer matters here. */
export interface LoadBalancerService {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly spec: { readonly type?: string; readonly loadBalancerIP?: string; readonly loadBalancerClass?: string };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } };
}

/** What of an EndpointSlice matters here. */
export interface EndpointSlice {
  readonly metadata: { readonly namespace: string; readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly endpoints?: readonly { readonly nodeName?: string; readonly conditions?: { readonly ready?: boolean } }[] | null;
}

/** An address that a Service is to get. */
export interface Assignment {
  readonly namespace: string;
  readonly name: string;
  readonly address: string;
}

/** The addresses that a Service has. */
export function addressesOf({ status }: LoadBalancerService): string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [ip]));
}

/**
 * Addresses for the Services that have none: the one that a Service asks for, when it is in the range and free, else the next one after `last`, which
 * was given before. A Service that asks for an address that cannot be had stays without. Classes belong to other controllers.
 */
export function assign(plan: AddressPlan, services: readonly LoadBalancerService[], last?: string): Assignment[] {
  let next = last;
  const used = new Set(services.flatMap(addressesOf));
  const waiting = services.filter((service) => service.spec.type === 'LoadBalancer' && service.spec.loadBalancerClass === undefined && addressesOf(service).length === 0);
  const choosy = waiting.filter(({ spec }) => (spec.loadBalancerIP ?? '') !== '');
  const assignments: Assignment[] = [];
  for (const { metadata: { namespace, name }, spec } of [...choosy, ...waiting.filter((service) => !choosy.includes(service))]) {
    const asked = spec.loadBalancerIP ?? '';
    const address = asked === '' ? (next = freeLoadBalancer(plan, used, next)) : mayBeLoadBalancer(plan, asked) && !used.has(asked) ? asked : undefined;
    if (address === undefined) continue;
    used.add(address);
    assignments.push({ namespace, name, address });
  }
  return assignments;
}

/** Addresses that are being written: the Services that the watch knows may not have them yet, and must not get others. */
export class GivenAddresses {
  readonly #addresses = new Map<string, string>();
  #last: string | undefined;

  /** The address that was given last. */
  get last(): string | undefined {
    return this.#last;
  }

  note({ namespace, name, address }: Assignment): void {
    this.#addresses.set(`${namespace}/${name}`, address);
    this.#last = address;
  }

  forget({ namespace, name }: Assignment): void {
    this.#addresses.delete(`${namespace}/${name}`);
  }

  /** The Services as they will be. What the watch has seen, or seen going, is forgotten. */
  laidOver(services: readonly LoadBalancerService[]): LoadBalancerService[] {
    const waiting = new Set(services.filter((service) => addressesOf(service).length === 0).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
    for (const key of this.#addresses.keys()) if (!waiting.has(key)) this.#addresses.delete(key);
    return services.map((service) => {
      const ip = this.#addresses.get(`${service.metadata.namespace}/${service.metadata.name}`);
      return ip === undefined ? service : { ...service, status: { loadBalancer: { ingress: [{ ip }] } } };
    });
  }
}

/**
 * Where each address is to be led: to the nodes with ready endpoints of its Service, because the others drop what comes for a Service with
 * `externalTrafficPolicy: Local`. Addresses of Services without ready endpoints are left out; the first node refuses for them.
 */
export function routes(services: readonly LoadBalancerService[], slices: readonly EndpointSlice[], nodes: ReadonlyMap<string, string>): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const service of services) {
    const { namespace, name } = service.metadata;
    const own = slices.filter(({ metadata }) => metadata.namespace === namespace && metadata.labels?.['kubernetes.io/service-name'] === name);
    // Endpoints that say nothing are ready.
    const ready = new Set(own.flatMap(({ endpoints }) => (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false).map(({ nodeName = '' }) => nodeName)));
    const addresses = [...nodes].filter(([node]) => ready.has(node)).map(([, address]) => address);
    if (addresses.length > 0) for (const address of addressesOf(service)) found.set(address, addresses);
  }
  return found;
}
