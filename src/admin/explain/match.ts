import type { PathMatch, Route, RouteMatch, ValueMatch } from '../../ir/route.ts';
import { assertNever } from '../../util/assert.ts';
import { fullMatch } from '../../util/regex.ts';
import { protocolMisfit } from './grpc.ts';
import { withoutQuery } from './path.ts';
import type { RoutedRequest } from './request.ts';

/** What keeps a request from fitting a route, a phrase each; none: it fits. */
export function misfits({ match, rule }: Route, request: RoutedRequest): string[] {
  // It names a host and a port, and has no path: not even the prefix of all paths fits it (RFC 9110 §9.3.6).
  if (request.method === 'CONNECT' && match.method !== 'CONNECT') return ['a CONNECT has no path, and only a match on method CONNECT fits it'];
  return [
    ...protocolMisfit(rule.protocol, request),
    ...pathMisfit(match.path, withoutQuery(request.path)),
    ...(match.method === undefined || match.method === request.method ? [] : [`method ${request.method} is not ${match.method}`]),
    ...match.headers.flatMap((header) => valueMisfit('header', header, headerValues(request, header.name))),
    ...match.queryParams.flatMap((parameter) => valueMisfit('query parameter', parameter, queryValue(request.path, parameter.name))),
  ];
}

function pathMisfit({ type, value }: PathMatch, path: string): string[] {
  switch (type) {
    case 'Exact':
      return path === value ? [] : [`path ${path} is not ${value}`];
    case 'PathPrefix': {
      const prefix = value.replace(/\/+$/, '');
      return path === prefix || path.startsWith(`${prefix}/`) ? [] : [`path ${path} is not below ${value}`];
    }
    case 'RegularExpression':
      return fullMatch(value, path) ? [] : [`path ${path} does not fit the expression ${value}`];
    default:
      return assertNever(type);
  }
}

function headerValues({ headers, authority }: RoutedRequest, name: string): string[] {
  return name === 'host' ? [authority] : headers.filter((header) => header.name === name).map(({ value }) => value);
}

/** The first value, as it was sent: Envoy does not undo escapes here. */
function queryValue(path: string, name: string): string[] {
  const question = path.indexOf('?');
  if (question === -1) return [];
  for (const pair of path.slice(question + 1).split('&')) {
    const equals = pair.indexOf('=');
    if ((equals === -1 ? pair : pair.slice(0, equals)) === name) return [equals === -1 ? '' : pair.slice(equals + 1)];
  }
  return [];
}

/** Of several header lines of one name, any may fit; they are not joined. */
function valueMisfit(what: string, { type, name, value }: ValueMatch, actual: readonly string[]): string[] {
  if (actual.length === 0) return [`${what} ${name} is missing`];
  const given = actual.map((each) => JSON.stringify(each)).join(' and ');
  switch (type) {
    case 'Exact':
      return actual.includes(value) ? [] : [`${what} ${name} is ${given}, not ${JSON.stringify(value)}`];
    case 'RegularExpression':
      return actual.some((each) => fullMatch(value, each)) ? [] : [`${what} ${name} is ${given}, which does not fit the expression ${value}`];
    default:
      return assertNever(type);
  }
}

/** What a route asks for: `path prefix /get, method GET, header x=y`, `gRPC method pkg.Service/Get`. */
export function matchLabel({ match, rule }: Route): string {
  const { path, method, headers, queryParams } = match;
  const operator = ({ type }: ValueMatch) => (type === 'Exact' ? '=' : ' ~ ');
  return [
    rule.protocol === 'grpc' ? callLabel(path) : `${pathLabels[path.type]} ${path.value}`,
    ...(method === undefined ? [] : [`method ${method}`]),
    ...headers.map((header) => `header ${header.name}${operator(header)}${header.value}`),
    ...queryParams.map((parameter) => `query parameter ${parameter.name}${operator(parameter)}${parameter.value}`),
  ].join(', ');
}

/** The path of a call is its service and its method. */
function callLabel({ type, value }: PathMatch): string {
  if (type === 'PathPrefix') return value === '/' ? 'every gRPC call' : `gRPC service ${value.slice(1)}`;
  return type === 'Exact' ? `gRPC method ${value.slice(1)}` : `gRPC method ~ ${value.slice(1)}`;
}

const pathLabels = { Exact: 'path', PathPrefix: 'path prefix', RegularExpression: 'path ~' } as const;

/** Why a route that fits comes after another one that fits. */
export function whyLater(later: Route, chosen: Route): string {
  if (later.rule.protocol !== chosen.rule.protocol) return 'gRPC requests ask the GRPCRoutes of a host first';
  return chosen.rule.protocol === 'grpc' ? whyLaterCall(later.match, chosen.match) : whyLaterMatch(later.match, chosen.match);
}

/** Gateway API, GRPCRouteRule `matches`. */
function whyLaterCall(later: RouteMatch, chosen: RouteMatch): string {
  const sameCall = later.path.type === chosen.path.type && later.path.value === chosen.path.value;
  if (!sameCall) return 'it names less of the service and the method, or the hostname of its route is less specific';
  return later.headers.length < chosen.headers.length ? 'it asks for fewer headers' : alike;
}

/** Gateway API, HTTPRouteRule `matches`. */
function whyLaterMatch(later: RouteMatch, chosen: RouteMatch): string {
  const order: PathMatch['type'][] = ['Exact', 'RegularExpression', 'PathPrefix'];
  const ranks: [number, string][] = [
    [order.indexOf(later.path.type) - order.indexOf(chosen.path.type), `${pathNouns[chosen.path.type]} goes before ${pathNouns[later.path.type]}`],
    [chosen.path.value.length - later.path.value.length, `its ${pathNouns[later.path.type].replace(/^an? /, '')} is shorter`],
    [Number(chosen.method !== undefined) - Number(later.method !== undefined), 'it does not ask for a method'],
    [chosen.headers.length - later.headers.length, 'it asks for fewer headers'],
    [chosen.queryParams.length - later.queryParams.length, 'it asks for fewer query parameters'],
  ];
  const [difference, reason] = ranks.find(([rank]) => rank !== 0) ?? [0, ''];
  if (difference > 0) return reason;
  if (difference < 0) return 'the hostname of its route is less specific';
  return alike;
}

const alike = 'it asks for as much, and its route is younger, its name later, or its rule further down';

const pathNouns = { Exact: 'an exact path', PathPrefix: 'a path prefix', RegularExpression: 'an expression' } as const;
