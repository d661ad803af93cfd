import { isIP, isIPv4 as isPlainIPv4 } from 'node:net';

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

/** The one way to write an IPv6 address (RFC 5952). The text must be one. */
export function canonicalIPv6(text: string): string {
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

/** Whether an IPv6 address stands for an IPv4 one: `::ffff:1.2.3.4`. */
export function isMappedIPv4(text: string): boolean {
  return isIPv6(text) && /^::ffff:[0-9a-f]+:[0-9a-f]+$/.test(canonicalIPv6(text));
}

/** Whether a text is an address in its strict form: no leading zeros, no zone, no IPv4 inside of IPv6. */
export function isStrictIP(text: string): boolean {
  return isPlainIPv4(text) || (isIPv6(text) && !isMappedIPv4(text));
}
