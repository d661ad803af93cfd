import type { Fault } from '../conditions.ts';
import type { HTTPRouteMatch } from '../../api/types.ts';
import type { PathMatch, RouteMatch, ValueMatch } from '../../ir/route.ts';
import { regexProblem } from '../../util/regex.ts';

const anyPath: PathMatch = { type: 'PathPrefix', value: '/' };

/** One match of a rule, or why it cannot work. */
export function httpMatch(match: HTTPRouteMatch): RouteMatch | { readonly fault: Fault } {
  const path = pathMatch(match.path);
  const headers = (match.headers ?? []).map((header) => valueMatch({ ...header, name: header.name.toLowerCase() }));
  const result: RouteMatch = {
    path,
    method: match.method,
    headers: uniqueByName(headers),
    queryParams: uniqueByName((match.queryParams ?? []).map(valueMatch)),
  };
  for (const { type, value } of [path, ...result.headers, ...result.queryParams]) {
    const problem = type === 'RegularExpression' ? regexProblem(value) : undefined;
    if (problem !== undefined) {
      return { fault: { reason: 'UnsupportedValue', message: `regular expression ${JSON.stringify(value)}: ${problem}` } };
    }
  }
  return result;
}

/** A path prefix is made of whole segments: a slash at its end says nothing. */
function pathMatch(path: HTTPRouteMatch['path']): PathMatch {
  if (path === undefined) return anyPath;
  const { type = 'PathPrefix', value = '/' } = path;
  if (type !== 'PathPrefix') return { type, value };
  return { type, value: value.length > 1 && value.endsWith('/') ? value.slice(0, -1) : value };
}

function valueMatch(match: { readonly type?: 'Exact' | 'RegularExpression'; readonly name: string; readonly value: string }): ValueMatch {
  return { type: match.type ?? 'Exact', name: match.name, value: match.value };
}

/** "If multiple entries specify equivalent names, only the first entry with an equivalent name MUST be considered". */
function uniqueByName(matches: readonly ValueMatch[]): ValueMatch[] {
  return [...new Map([...matches].reverse().map((match) => [match.name, match])).values()].reverse();
}
