import { BlockList } from 'node:net';
import { duplicate, invalid, required, tooMany } from './field-error.ts';
import type { FieldError } from './field-error.ts';
import { canonicalIPv6, isIPv4, isIPv6, isMappedIPv4 } from './ip.ts';
import type { Objects } from './kinds.ts';
import { dns1123Label, dns1123Subdomain, qualifiedName } from './names.ts';
import type { SliceEndpoint, SlicePort } from './types.ts';

type EndpointSlice = Objects['EndpointSlice'];
type AddressType = EndpointSlice['addressType'];

const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_PORTS = 20_000;

/** Networks where an address means no endpoint, or another one to everybody who uses it. */
const NO_ENDPOINT: readonly { readonly list: BlockList; readonly rule: (address: string) => string }[] = [
  { list: blockList(['0.0.0.0', 32, 'ipv4'], ['::', 128, 'ipv6']), rule: (address) => `may not be unspecified (${address})` },
  { list: blockList(['169.254.0.0', 16, 'ipv4'], ['fe80::', 10, 'ipv6']), rule: () => 'may not be in the link-local range (169.254.0.0/16, fe80::/10)' },
  { list: blockList(['224.0.0.0', 24, 'ipv4'], ['ff02::', 16, 'ipv6']), rule: () => 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)' },
];

function blockList(...subnets: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix, family] of subnets) list.addSubnet(net, prefix, family);
  return list;
}

/**
 * What is wrong with an EndpointSlice whose fields have the right types: `ValidateEndpointSlice` in k8s.io/kubernetes/pkg/apis/discovery/validation.
 * Loopback addresses are fine, unlike there: proxies that run on this machine reach them, and a cluster's API server hands none out.
 */
export function endpointSliceErrors({ addressType, endpoints = [], ports = [] }: Partial<EndpointSlice>): FieldError[] {
  const errors: FieldError[] = [];
  if (addressType === undefined) errors.push(required('addressType'));
  if (ports.length > MAX_PORTS) errors.push(tooMany('ports', ports.length, MAX_PORTS));
  else errors.push(...portsErrors(ports));
  if (endpoints.length > MAX_ENDPOINTS) errors.push(tooMany('endpoints', endpoints.length, MAX_ENDPOINTS));
  else for (const [index, endpoint] of endpoints.entries()) errors.push(...endpointErrors(`endpoints[${index}]`, endpoint, addressType));
  return errors;
}

function portsErrors(ports: readonly SlicePort[]): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, { name, appProtocol }] of ports.entries()) {
    const field = `ports[${index}]`;
    if (name !== '') errors.push(...dns1123Label(name).map((problem) => invalid(`${field}.name`, name, problem)));
    if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
    names.add(name);
    if (appProtocol !== undefined) errors.push(...qualifiedName(appProtocol).map((problem) => invalid(`${field}.appProtocol`, appProtocol, problem)));
  }
  return errors;
}

function endpointErrors(field: string, { addresses = [], nodeName, hostname }: Partial<SliceEndpoint>, type: AddressType | undefined): FieldError[] {
  const errors: FieldError[] = [];
  if (addresses.length === 0) errors.push(required(`${field}.addresses`, 'must contain at least 1 address'));
  if (addresses.length > MAX_ADDRESSES) errors.push(tooMany(`${field}.addresses`, addresses.length, MAX_ADDRESSES));
  for (const [index, address] of addresses.entries()) errors.push(...addressErrors(`${field}.addresses`, index, address, type));
  if (nodeName !== undefined) errors.push(...dns1123Subdomain(nodeName).map((problem) => invalid(`${field}.nodeName`, nodeName, problem)));
  if (hostname !== undefined) errors.push(...dns1123Label(hostname).map((problem) => invalid(`${field}.hostname`, hostname, problem)));
  return errors;
}

function addressErrors(list: string, index: number, address: string, type: AddressType | undefined): FieldError[] {
  const field = `${list}[${index}]`;
  if (type === 'FQDN') return domainErrors(field, address);
  if (type !== 'IPv4' && type !== 'IPv6') return [];
  const [v4, v6] = [isIPv4(address), isIPv6(address)];
  if (!v4 && !v6) return [invalid(field, address, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')];
  if (v4 && /(^|\.)0\d/.test(address)) return [invalid(field, address, 'must not have leading 0s')];
  if (isMappedIPv4(address)) return [invalid(field, address, 'must not be an IPv4-mapped IPv6 address')];
  if (type === 'IPv6' && v6 && canonicalIPv6(address) !== address) return [invalid(field, address, `must be in canonical form ("${canonicalIPv6(address)}")`)];
  const errors = (type === 'IPv4' ? v4 : v6) ? [] : [invalid(list, address, `must be an ${type} address`)];
  for (const { list: blocked, rule } of NO_ENDPOINT) if (blocked.check(address, v4 ? 'ipv4' : 'ipv6')) errors.push(invalid(field, address, rule(address)));
  return errors;
}

/** `IsFullyQualifiedDomainName` in k8s.io/apimachinery/pkg/util/validation. */
function domainErrors(field: string, address: string): FieldError[] {
  if (address === '') return [required(field)];
  const name = address.replace(/\.$/, '');
  const problems = dns1123Subdomain(name);
  if (problems.length > 0) return [invalid(field, name, problems.join(','))];
  if (!name.includes('.')) return [invalid(field, name, 'should be a domain with at least two segments separated by dots')];
  return name.split('.').flatMap((label) => dns1123Label(label).map((problem) => invalid(field, label, problem)));
}
