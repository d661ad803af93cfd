import { parseBackendKey } from './backend-key.ts';
import { serviceLabels } from './endpoints.ts';
import { xBackendLabel } from './x-backends.ts';
import type { Fault } from '../conditions.ts';
import type { EndpointSet } from '../../ir/backend.ts';
import type { Collection } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

/** The backends that nobody serves, by key: true. Unaffected when endpoints come and go while some are left. */
export function emptyBackends(graph: Graph, sets: Collection<EndpointSet>): Collection<true> {
  return graph.derive('empty-backends', sets, ({ endpoints }) => (endpoints.length === 0 ? true : undefined));
}

/** What becomes of traffic to a backend without endpoints, by the kind of the route. */
const consequences: Readonly<Record<string, string>> = {
  TCPRoute: 'Connections are closed',
  TLSRoute: 'Connections are closed',
  UDPRoute: 'Datagrams are dropped',
};

/** Says of backends of a route of some kind that they have no endpoints. */
export function unavailableBackends(kind: string, keys: readonly string[]): Fault | undefined {
  if (keys.length === 0) return undefined;
  const names = keys.map((key) => {
    const parsed = parseBackendKey(key);
    if (parsed.type === 'xbackend') {
      const [, name] = parsed.object.split('/');
      return `XBackend ${parsed.object} has no endpoints (an EndpointSlice with the label ${xBackendLabel}: ${name} gives it some)`;
    }
    if (parsed.type === 'inferencepool') return `InferencePool ${parsed.object} has no endpoints (an EndpointSlice with the labels of its selector gives it some)`;
    if (parsed.type === 'endpointpicker') return 'our own endpoint picker is nowhere';
    if (parsed.type === 'backend') return `Backend ${parsed.object} has no endpoints`;
    const name = parsed.object.slice(parsed.object.indexOf('/') + 1);
    const port = `${parsed.variant === 'udp' ? 'UDP ' : ''}port ${parsed.port}`;
    return `${parsed.kind} ${parsed.object} has no endpoints on ${port} (an EndpointSlice with the label ${serviceLabels[parsed.kind]}: ${name} gives it some)`;
  });
  return { reason: 'EndpointsNotFound', message: `${consequences[kind] ?? 'Requests are answered with 503'}: ${[...new Set(names)].join('; ')}` };
}
