import type { Fault } from '../conditions.ts';
import type { GatewayAddress } from '../../api/types.ts';

/** What is made of a Gateway's `spec.addresses`. */
export interface Addresses {
  /** What the proxy listens on. */
  readonly address: string;
  /** What the network around it is asked for. */
  readonly requested: readonly string[];
  readonly inCluster: ClusterAddresses | undefined;
  readonly fault: Fault | undefined;
}

/** Addresses of routability `Cluster` (GEP-1651), cluster IPs of a Service; a Gateway that wants one need not name it. */
export interface ClusterAddresses {
  readonly requested: readonly string[];
  /** It wants none that is reached from elsewhere. */
  readonly only: boolean;
}

/** All IPv4 addresses of the host, and, with `::`, all there are. */
const anyAddress = { IPv4: '0.0.0.0', IPv6: '::', DualStack: '::' } as const;

/** An IP address of this host is bound instead of all of them. One without a value leaves the choice to us. */
export function bindAddress(addresses: readonly GatewayAddress[]): Addresses {
  const [first, ...others] = addresses;
  const scoped = addresses.find(isScoped);
  const fault =
    unsupportedType(addresses) ??
    (scoped && refused(`routability ${scoped.routability} is not supported outside of a cluster`)) ??
    (others.length > 0 ? refused('only one address is supported') : undefined);
  return { address: (fault === undefined ? first?.value : undefined) ?? anyAddress.IPv4, requested: [], inCluster: undefined, fault };
}

/** The network is asked for IP addresses; the proxy listens on every address that it has. */
export function requestedAddresses(addresses: readonly GatewayAddress[], family: keyof typeof anyAddress = 'IPv4'): Addresses {
  const address = anyAddress[family];
  const strange = addresses.find((one) => isScoped(one) && !isInCluster(one));
  const fault = unsupportedType(addresses) ?? (strange && refused(`routability ${strange.routability} is not supported, only Cluster`));
  if (fault !== undefined) return { address, requested: [], inCluster: undefined, fault };
  const [inCluster, others] = [addresses.filter(isInCluster), addresses.filter((one) => !isInCluster(one))];
  return {
    address,
    requested: valuesOf(others),
    inCluster: inCluster.length === 0 ? undefined : { requested: valuesOf(inCluster), only: others.length === 0 },
    fault: undefined,
  };
}

/** The addresses in the cluster of Gateways that share a proxy. */
export function sharedClusterAddresses(wanted: readonly (ClusterAddresses | undefined)[]): ClusterAddresses | undefined {
  const asked = wanted.filter((one) => one !== undefined);
  if (asked.length === 0) return undefined;
  return { requested: [...new Set(asked.flatMap(({ requested }) => requested))], only: wanted.every((one) => one?.only === true) };
}

function valuesOf(addresses: readonly GatewayAddress[]): string[] {
  return [...new Set(addresses.flatMap(({ value }) => value ?? []))];
}

function isInCluster({ routability }: GatewayAddress): boolean {
  return routability === 'Cluster';
}

/** "When unset or empty, this field uses the implementation's default routability behavior." */
function isScoped({ routability = '' }: GatewayAddress): boolean {
  return routability !== '';
}

function unsupportedType(addresses: readonly GatewayAddress[]): Fault | undefined {
  const other = addresses.find(({ type }) => type !== 'IPAddress');
  return other && refused(`type ${other.type} is not supported, only IPAddress`);
}

function refused(message: string): Fault {
  return { reason: 'UnsupportedAddress', message: `addresses: ${message}` };
}
