import { BlockList, isIP } from 'node:net';

/**
 * Whether a text is an IPv4 address. Leading zeros are tolerated, as Kubernetes does for addresses that users have had since
 * before Go refused them (`netutils.ParseIPSloppy`).
 */
export function isIPv4(text: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(text) && text.split('.').every((part) => part.length <= 3 && Number(part) <= 255);
}

/** Whether a text is an IPv6 address, without a zone. */
export function isIPv6(text: string): boolean {
  return !text.includes('%') && isIP(text) === 6;
}

/** Whether a text is an address in its strict form: no leading zeros, no zone, no IPv4 inside of IPv6. */
export function isStrictIP(text: string): boolean {
  const version = isIP(text);
  return version === 4 || (version === 6 && !text.includes('%') && !/^::ffff:/i.test(text));
}

/** Networks that no endpoint can be in: an address there means another machine to everybody. */
const NO_ENDPOINT: readonly { readonly list: BlockList; readonly rule: string }[] = [
  { list: blockList(['0.0.0.0', 32, 'ipv4'], ['::', 128, 'ipv6']), rule: 'may not be unspecified' },
  { list: blockList(['127.0.0.0', 8, 'ipv4'], ['::1', 128, 'ipv6']), rule: 'may not be in the loopback range' },
  { list: blockList(['169.254.0.0', 16, 'ipv4'], ['fe80::', 10, 'ipv6']), rule: 'may not be in the link-local range' },
  { list: blockList(['224.0.0.0', 24, 'ipv4'], ['ff02::', 16, 'ipv6']), rule: 'may not be in the link-local multicast range' },
];

function blockList(...subnets: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix, family] of subnets) list.addSubnet(net, prefix, family);
  return list;
}
