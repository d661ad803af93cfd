import { at, type Fault } from '../conditions.ts';
import type { HTTPHeaderMatch, HTTPPathMatch, HTTPQueryParamMatch, HTTPRouteMatch } from '../../api/types.ts';
import type { PathMatch, RouteMatch, ValueMatch } from '../../ir/route.ts';
import { regexProblem } from '../../util/regex.ts';

/** One match of a rule, or why it cannot work. */
export function httpMatch(match: HTTPRouteMatch): RouteMatch | { readonly fault: Fault } {
  const path = pathMatch(match.path);
  const headers = headerMatches(match.headers);
  const queryParams = uniqueByName((match.queryParams ?? []).map(queryParamMatch));
  const fault = connectFault(match) ?? regexFault([
    ['path', path],
    ...headers.map(headerPart),
    ...queryParams.map((param): Part => [`query parameter ${param.name}`, param]),
  ]);
  return fault === undefined ? { path, method: match.method, headers, queryParams } : { fault };
}

/** A request to CONNECT names a host and a port, and has neither path nor query (RFC 9110 §9.3.6): every path's prefix is all that fits. */
function connectFault({ method, path, queryParams = [] }: HTTPRouteMatch): Fault | undefined {
  const fits = path.type === 'PathPrefix' && path.value === '/' && queryParams.length === 0;
  return method !== 'CONNECT' || fits ? undefined : { reason: 'UnsupportedValue', message: 'method CONNECT: such requests have neither a path nor a query that could be matched' };
}

/** A path prefix is made of whole segments: a slash at its end says nothing. */
function pathMatch({ type, value }: HTTPPathMatch): PathMatch {
  if (type !== 'PathPrefix') return { type, value };
  return { type, value: value.length > 1 && value.endsWith('/') ? value.slice(0, -1) : value };
}

/** Matches of headers, the same for HTTP and gRPC. */
export function headerMatches(matches: readonly HTTPHeaderMatch[] = []): ValueMatch[] {
  return uniqueByName(matches.map(({ type, name, value }) => ({ type, name: name.toLowerCase(), value })));
}

function queryParamMatch({ type, name, value }: HTTPQueryParamMatch): ValueMatch {
  return { type, name, value };
}

/** "If multiple entries specify equivalent names, only the first entry with an equivalent name MUST be considered". */
function uniqueByName(matches: readonly ValueMatch[]): ValueMatch[] {
  const seen = new Set<string>();
  return matches.filter(({ name }) => !seen.has(name) && seen.add(name));
}

/** What a match calls a part of it, and the part. */
type Part = readonly [string, { readonly type: string; readonly value: string }];

export function headerPart(header: ValueMatch): Part {
  return [`header ${header.name}`, header];
}

/** What Envoy could not compile. */
export function regexFault(parts: readonly Part[]): Fault | undefined {
  for (const [name, { type, value }] of parts) {
    const problem = type === 'RegularExpression' ? regexProblem(value) : undefined;
    if (problem !== undefined) {
      return at(name, { reason: 'UnsupportedValue', message: `regular expression ${JSON.stringify(value)}: ${problem}` });
    }
  }
  return undefined;
}
