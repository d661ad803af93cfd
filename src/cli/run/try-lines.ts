import type { ObjectReport, StatusReport } from '../../admin/report.ts';
import { keyOf, listenerRows, type ListenerRow } from '../status/listener-rows.ts';

interface RouteSpec {
  readonly hostnames?: readonly string[];
  readonly rules?: readonly { readonly matches?: readonly Match[] }[];
}

interface Match {
  readonly path?: { readonly type?: string; readonly value?: string };
  readonly method?: string;
  readonly headers?: readonly { readonly type?: string; readonly name: string; readonly value: string }[];
  readonly queryParams?: readonly { readonly type?: string; readonly name: string; readonly value: string }[];
}

/** A request that some route answers. */
export interface Example {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: readonly string[];
}

/** Requests to try: for each accepted HTTPRoute one for its first match, where the match says what to send. */
export function exampleRequests(report: Pick<StatusReport, 'objects' | 'ports'>, limit: number): Example[] {
  const gateways = report.objects.filter(({ kind }) => kind === 'Gateway');
  const listeners = gateways.flatMap((gateway) => listenerRows(gateway, report)).filter(({ status, binding }) => status === 'Programmed' && binding?.bound !== undefined);
  const found: Example[] = [];
  for (const route of report.objects.filter(({ kind }) => kind === 'HTTPRoute')) {
    for (const listener of listenersOf(route, listeners)) {
      const example = exampleOf(route, listener);
      if (example !== undefined && found.length < limit) found.push(example);
    }
  }
  return found;
}

/** An example as a command line for a shell. */
export function curl({ method, scheme, host, port, path, headers }: Example): string {
  const options = [...(method === 'GET' ? [] : [`-X ${method}`]), ...headers.map((header) => `-H ${quoted(header)}`)];
  const target =
    scheme === 'http'
      ? [`-H ${quoted(`Host: ${host}`)}`, quoted(`http://127.0.0.1:${port}${path}`)]
      : ['-k', `--resolve ${host}:${port}:127.0.0.1`, quoted(`${scheme}://${host}:${port}${path}`)];
  return ['curl', ...options, ...target].join(' ');
}

/** An example for `moongate explain`. */
export function explainArguments({ method, scheme, host, port, path, headers }: Example): string {
  return [method, quoted(`${scheme}://${host}:${port}${path}`), ...headers.map((header) => `-H ${quoted(header)}`)].join(' ');
}

function listenersOf(route: ObjectReport, listeners: readonly ListenerRow[]): ListenerRow[] {
  const accepted = (route.status?.parents ?? []).filter(({ conditions }) => conditions.some(({ type, status }) => type === 'Accepted' && status === 'True'));
  return listeners.filter((listener) =>
    accepted.some(
      ({ parentRef: { namespace = route.metadata.namespace, name, sectionName, port } }) =>
        listener.gateway === keyOf({ metadata: { name, ...(namespace !== undefined && { namespace }), generation: 0 } }) &&
        (sectionName === undefined || sectionName === listener.name) &&
        (port === undefined || port === listener.port),
    ),
  );
}

function exampleOf(route: ObjectReport, { protocol, hostname, binding }: ListenerRow): Example | undefined {
  const { hostnames = [], rules = [] } = route.spec as RouteSpec;
  const match = rules[0]?.matches?.[0] ?? {};
  const host = [...hostnames, hostname].find((name) => name !== '*')?.replace(/^\*/, 'www') ?? 'example.com';
  const exact = [...(match.headers ?? []), ...(match.queryParams ?? [])].every(({ type = 'Exact' }) => type === 'Exact');
  if (match.path?.type === 'RegularExpression' || !exact || binding?.bound === undefined) return undefined;
  const query = (match.queryParams ?? []).map(({ name, value }) => `${name}=${value}`).join('&');
  return {
    method: match.method ?? 'GET',
    scheme: protocol === 'HTTPS' ? 'https' : 'http',
    host,
    port: binding.bound,
    path: `${match.path?.value ?? '/'}${query === '' ? '' : `?${query}`}`,
    headers: (match.headers ?? []).map(({ name, value }) => `${name}: ${value}`),
  };
}

/** A word for a POSIX shell. */
function quoted(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
