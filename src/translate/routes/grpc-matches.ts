import { headerMatches, headerPart, regexFault } from './http-matches.ts';
import type { TranslatedMatch } from './rules.ts';
import type { Fault } from '../conditions.ts';
import type { GRPCMethodMatch, GRPCRouteMatch } from '../../api/types.ts';
import type { PathMatch } from '../../ir/route.ts';

/** One match of a GRPCRoute's rule, or why it cannot work. A call's path is `/SERVICE/METHOD` (gRPC over HTTP/2, Requests). */
export function grpcMatch({ method, headers: specs }: GRPCRouteMatch): Omit<TranslatedMatch, 'index'> | { readonly fault: Fault } {
  const headers = headerMatches(specs);
  const { service = '', method: name = '' } = method ?? {};
  const parts = method?.type === 'RegularExpression' ? [['method.service', regex(service)], ['method.method', regex(name)]] as const : [];
  const fault = regexFault([...parts, ...headers.map(headerPart)]);
  if (fault !== undefined) return { fault };
  return { match: { path: pathOf(method), method: undefined, headers, queryParams: [] }, grpc: { service: service.length, method: name.length } };
}

/** An expression of its own, so that what one part of a path opens the other cannot close. */
function regex(value: string): PathMatch {
  return { type: 'RegularExpression', value };
}

/** What stands for any service or method. */
const anyPart = '[^/]+';

/** "If left empty or omitted, will match any service", or all methods. */
function pathOf(match: GRPCMethodMatch | undefined): PathMatch {
  const { type = 'Exact', service = '', method = '' } = match ?? {};
  if (service === '' && method === '') return { type: 'PathPrefix', value: '/' };
  if (type === 'RegularExpression') return regex(`/${expression(service)}/${expression(method)}`);
  if (service === '') return regex(`/${anyPart}/${method}`);
  return method === '' ? { type: 'PathPrefix', value: `/${service}` } : { type: 'Exact', value: `/${service}/${method}` };
}

function expression(pattern: string): string {
  return pattern === '' ? anyPart : `(?:${pattern})`;
}
