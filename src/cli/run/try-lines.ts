import type { ObjectReport, StatusReport } from '../../admin/report.ts';
import { listenerRows, type ListenerRow } from '../status/listener-rows.ts';

interface RouteSpec {
  readonly hostnames?: readonly string[];
  readonly rules?: readonly { readonly matches?: readonly Match[] }[];
}

interface Match {
  readonly path?: { readonly type?: string; readonly value?: string };
  /** Of an HTTPRoute a word, of a GRPCRoute a service and a method of it. */
  readonly method?: string | { readonly type?: string; readonly service?: string; readonly method?: string };
  readonly headers?: readonly { readonly type?: string; readonly name: string; readonly value: string }[];
  readonly queryParams?: readonly { readonly type?: string; readonly name: string; readonly value: string }[];
}

/** Something that some route answers: a command line for a shell, and what to ask `moongate explain`. */
export interface Example {
  readonly command: string;
  readonly explain: string;
}

/** What to try: for each accepted route and listener one example for its first match, where the match says what to send. */
export function examples(report: Pick<StatusReport, 'objects' | 'ports'>, limit: number): Example[] {
  const gateways = report.objects.filter(({ kind }) => kind === 'Gateway');
  const listeners = gateways.flatMap((gateway) => listenerRows(gateway, report)).filter(({ status, binding }) => status === 'Programmed' && binding?.bound !== undefined);
  const found: Example[] = [];
  for (const route of report.objects) {
    for (const listener of listenersOf(route, listeners)) {
      const example = exampleOf(route, listener);
      if (example !== undefined && found.length < limit) found.push(example);
    }
  }
  return found;
}

function listenersOf(route: ObjectReport, listeners: readonly ListenerRow[]): ListenerRow[] {
  const accepted = (route.status?.parents ?? []).filter(({ conditions }) => conditions.some(({ type, status }) => type === 'Accepted' && status === 'True'));
  return listeners.filter(({ gateway, set, ...listener }) =>
    accepted.some(
      ({ parentRef: { kind = 'Gateway', namespace = route.metadata.namespace, name, sectionName, port } }) =>
        (kind === 'Gateway' ? (set === undefined ? gateway : undefined) : set) === `${namespace}/${name}` &&
        (sectionName === undefined || sectionName === listener.name) &&
        (port === undefined || port === listener.port),
    ),
  );
}

/** What an example is made from. */
interface Place {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly match: Match;
}

function exampleOf(route: ObjectReport, { protocol, hostname, binding }: ListenerRow): Example | undefined {
  const { hostnames = [], rules = [] } = route.spec as RouteSpec;
  if (binding?.bound === undefined) return undefined;
  const match = rules[0]?.matches?.[0] ?? {};
  const host = [...hostnames, hostname].find((name) => name !== '*')?.replace(/^\*/, 'www') ?? 'example.com';
  const exact = [...(match.headers ?? []), ...(match.queryParams ?? [])].every(({ type = 'Exact' }) => type === 'Exact');
  if (!exact) return undefined;
  const place: Place = { host, port: binding.bound, tls: protocol === 'HTTPS' || protocol === 'TLS', match };
  switch (route.kind) {
    case 'HTTPRoute':
      return request(place);
    case 'GRPCRoute':
      return call(place);
    case 'TLSRoute':
    case 'TCPRoute':
      return connection(place);
    case 'UDPRoute':
      return { command: `nc -u 127.0.0.1 ${place.port}`, explain: `udp://127.0.0.1:${place.port}` };
    default:
      return undefined;
  }
}

function request({ host, port, tls, match }: Place): Example | undefined {
  if (match.path?.type === 'RegularExpression' || typeof match.method === 'object') return undefined;
  const { method = 'GET' } = match;
  const query = (match.queryParams ?? []).map(({ name, value }) => `${name}=${value}`).join('&');
  const path = `${match.path?.value ?? '/'}${query === '' ? '' : `?${query}`}`;
  const headers = (match.headers ?? []).map(({ name, value }) => `-H ${quoted(`${name}: ${value}`)}`);
  const target = tls ? ['-k', `--resolve ${host}:${port}:127.0.0.1`, quoted(`https://${host}:${port}${path}`)] : [`-H ${quoted(`Host: ${host}`)}`, quoted(`http://127.0.0.1:${port}${path}`)];
  return {
    command: ['curl', ...(method === 'GET' ? [] : [`-X ${method}`]), ...headers, ...target].join(' '),
    explain: [method, quoted(`${tls ? 'https' : 'http'}://${host}:${port}${path}`), ...headers].join(' '),
  };
}

/** A call needs a method by name; what it says depends on the service. */
function call({ host, port, tls, match }: Place): Example | undefined {
  const { type = 'Exact', service, method } = typeof match.method === 'object' ? match.method : {};
  if (type !== 'Exact' || service === undefined || method === undefined) return undefined;
  const headers = (match.headers ?? []).map(({ name, value }) => `-H ${quoted(`${name}: ${value}`)}`);
  return {
    command: ['grpcurl', tls ? '-insecure' : '-plaintext', `-authority ${host}`, ...headers, `127.0.0.1:${port}`, `${service}/${method}`].join(' '),
    explain: [`${tls ? 'grpcs' : 'grpc'}://${host}:${port}/${service}/${method}`, ...headers].join(' '),
  };
}

function connection({ host, port, tls }: Place): Example {
  return tls
    ? { command: `openssl s_client -connect 127.0.0.1:${port} -servername ${host}`, explain: `tls://${host}:${port}` }
    : { command: `nc 127.0.0.1 ${port}`, explain: `tcp://127.0.0.1:${port}` };
}

/** A word for a POSIX shell. */
function quoted(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
