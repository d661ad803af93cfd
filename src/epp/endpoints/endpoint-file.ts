import { canonicalIPv6, isIPv6, isStrictIP } from '../../api/ip.ts';
import type { EndpointDescription } from './model-server.ts';

/** Entries of one file. */
const MAX_ENTRIES = 10_000;

const ENTRY_FIELDS: ReadonlySet<string> = new Set(['name', 'namespace', 'address', 'port', 'labels']);

/** What a file of endpoints says: the entries that are in order, and a sentence with its field for each that is not. */
export interface EndpointFile {
  readonly endpoints: readonly EndpointDescription[];
  readonly problems: readonly string[];
}

/**
 * Decodes the content of a file of endpoints, parsed already: `endpoints: [{name, namespace, address, port, labels}]`, as the upstream picker's `file-discovery`
 * takes it. Each entry is one endpoint; the namespace is `default` when there is none. Entries with problems are left out, the others count. Unlike upstream, a port
 * may be a number, and an address IPv6.
 */
export function decodeEndpointFile(content: unknown): EndpointFile {
  const { endpoints: entries, ...rest } = isRecord(content) ? content : {};
  const problems = Object.keys(rest).map((field) => `${field}: unknown field`);
  if (!isRecord(content)) return { endpoints: [], problems: ['the file must be an object with a list "endpoints"'] };
  if (!Array.isArray(entries)) return { endpoints: [], problems: [...problems, 'endpoints: must be a list'] };
  if (entries.length > MAX_ENTRIES) return { endpoints: [], problems: [...problems, `endpoints: at most ${MAX_ENTRIES} entries, not ${entries.length}`] };
  const endpoints = new Map<string, EndpointDescription>();
  const addresses = new Map<string, string>();
  for (const [index, entry] of entries.entries()) {
    const field = `endpoints[${index}]`;
    const found = decodeEntry(field, entry, problems);
    if (found === undefined) continue;
    const address = `${found.ip} ${found.port}`;
    const other = addresses.get(address);
    if (endpoints.has(found.name)) problems.push(`${field}.name: there is another endpoint ${found.pod}`);
    else if (other !== undefined) problems.push(`${field}.address: ${other} has the same address and port`);
    else {
      endpoints.set(found.name, found);
      addresses.set(address, found.pod);
    }
  }
  return { endpoints: [...endpoints.values()], problems };
}

function decodeEntry(field: string, entry: unknown, problems: string[]): EndpointDescription | undefined {
  const before = problems.length;
  if (!isRecord(entry)) {
    problems.push(`${field}: must be an object`);
    return undefined;
  }
  for (const name of Object.keys(entry)) if (!ENTRY_FIELDS.has(name)) problems.push(`${field}.${name}: unknown field`);
  const { name, namespace = 'default', address, port, labels = {} } = entry;
  if (!isName(name)) problems.push(`${field}.name: ${shown(name)} is no name of a server`);
  if (!isName(namespace)) problems.push(`${field}.namespace: ${shown(namespace)} is no name of a namespace`);
  if (typeof address !== 'string' || !isStrictIP(address)) problems.push(`${field}.address: ${shown(address)} is no IP address`);
  const number = portOf(port);
  if (number === undefined) problems.push(`${field}.port: ${shown(port)} is no port, which is a number from 1 to 65535`);
  if (!isLabels(labels)) problems.push(`${field}.labels: must be an object of strings`);
  if (problems.length > before || !isName(name) || !isName(namespace) || typeof address !== 'string' || number === undefined || !isLabels(labels)) return undefined;
  const pod = `${namespace}/${name}`;
  return { name: `${pod}-rank-0`, pod, ip: isIPv6(address) ? canonicalIPv6(address) : address, port: number, labels };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isLabels(value: unknown): value is Readonly<Record<string, string>> {
  return isRecord(value) && Object.values(value).every((one) => typeof one === 'string');
}

/** Names stand in names of endpoints, in log lines and in labels of metrics. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/.test(value);
}

function portOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= 1 && number <= 65_535 ? number : undefined;
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 80);
}
