import type { Fault } from '../conditions.ts';
import type { GatewayAddress } from '../../api/types.ts';

/** What is made of a Gateway's `spec.addresses`. */
export interface Addresses {
  /** What the proxy listens on. */
  readonly address: string;
  /** What the network around it is asked for. */
  readonly requested: readonly string[];
  readonly fault: Fault | undefined;
}

/** All IPv4 addresses of the host, and, with `::`, all there are. */
const anyAddress = { IPv4: '0.0.0.0', IPv6: '::', DualStack: '::' } as const;

/** An IP address of this host is bound instead of all of them. One without a value leaves the choice to us. */
export function bindAddress(addresses: readonly GatewayAddress[]): Addresses {
  const [first, ...others] = addresses;
  const fault = unsupported(addresses) ?? (others.length > 0 ? refused('only one address is supported') : undefined);
  return { address: (fault === undefined ? first?.value : undefined) ?? anyAddress.IPv4, requested: [], fault };
}

/** The network is asked for IP addresses; the proxy listens on every address that it has. */
export function requestedAddresses(addresses: readonly GatewayAddress[], family: keyof typeof anyAddress = 'IPv4'): Addresses {
  const fault = unsupported(addresses);
  const requested = fault === undefined ? addresses.flatMap(({ value }) => value ?? []) : [];
  return { address: anyAddress[family], requested: [...new Set(requested)], fault };
}

function unsupported(addresses: readonly GatewayAddress[]): Fault | undefined {
  const other = addresses.find(({ type }) => type !== 'IPAddress');
  return other && refused(`type ${other.type} is not supported, only IPAddress`);
}

function refused(message: string): Fault {
  return { reason: 'UnsupportedAddress', message: `addresses: ${message}` };
}
