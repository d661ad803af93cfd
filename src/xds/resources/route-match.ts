import type { MessageInitShape } from '@bufbuild/protobuf';
import type { HeaderMatcherSchema, QueryParameterMatcherSchema, RouteMatchSchema } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import type { StringMatcherSchema } from '../../gen/envoy/type/matcher/v3/string_pb.ts';
import type { PathMatch, RouteMatch, Rule, ValueMatch } from '../../ir/route.ts';
import { assertNever } from '../../util/assert.ts';

type HeaderMatcher = MessageInitShape<typeof HeaderMatcherSchema>;

/** `application/grpc`, `application/grpc+proto`, `application/grpc-web-text` … */
const grpcContent: MessageInitShape<typeof StringMatcherSchema> = { matchPattern: { case: 'prefix', value: 'application/grpc' } };

/** What a request must look like, in Envoy's terms. Regular expressions fit the whole value (RE2 full match). */
export function routeMatch(match: RouteMatch, protocol: Rule['protocol']): MessageInitShape<typeof RouteMatchSchema> {
  return {
    pathSpecifier: match.method === 'CONNECT' ? { case: 'connectMatcher', value: {} } : pathSpecifier(match.path),
    headers: [
      ...(protocol === 'grpc' ? [headerMatcher('content-type', grpcContent)] : []),
      ...(match.method === undefined ? [] : [headerMatcher(':method', exact(match.method))]),
      ...match.headers.map(headerMatch),
    ],
    queryParameters: match.queryParams.map(queryMatch),
  };
}

/** The path prefix without what the API ignores: `/foo/` is `/foo`, `/` is ''. undefined for other types. */
export function matchedPrefix(path: PathMatch): string | undefined {
  return path.type === 'PathPrefix' ? path.value.replace(/\/+$/, '') : undefined;
}

/** Fits requests whose Host names a port. */
export function hostWithPort(): HeaderMatcher {
  return headerMatcher(':authority', regex('.*:[0-9]+'));
}

function pathSpecifier(path: PathMatch): NonNullable<MessageInitShape<typeof RouteMatchSchema>['pathSpecifier']> {
  switch (path.type) {
    case 'Exact':
      return { case: 'path', value: path.value };
    case 'PathPrefix': {
      const prefix = matchedPrefix(path);
      // Envoy wants a separated prefix to have a character besides the slash.
      return prefix === undefined || prefix === '' ? { case: 'prefix', value: '/' } : { case: 'pathSeparatedPrefix', value: prefix };
    }
    case 'RegularExpression':
      return { case: 'safeRegex', value: { regex: path.value } };
    default:
      return assertNever(path.type);
  }
}

function headerMatch(match: ValueMatch): HeaderMatcher {
  // HTTP/1's Host and HTTP/2's :authority are one header to Envoy, under the latter's name.
  return headerMatcher(match.name === 'host' ? ':authority' : match.name, stringMatcher(match));
}

function headerMatcher(name: string, value: MessageInitShape<typeof StringMatcherSchema>): HeaderMatcher {
  return { name, headerMatchSpecifier: { case: 'stringMatch', value } };
}

function queryMatch(match: ValueMatch): MessageInitShape<typeof QueryParameterMatcherSchema> {
  return { name: match.name, queryParameterMatchSpecifier: { case: 'stringMatch', value: stringMatcher(match) } };
}

function stringMatcher(match: ValueMatch): MessageInitShape<typeof StringMatcherSchema> {
  switch (match.type) {
    case 'Exact':
      return exact(match.value);
    case 'RegularExpression':
      return regex(match.value);
    default:
      return assertNever(match.type);
  }
}

function exact(value: string): MessageInitShape<typeof StringMatcherSchema> {
  return { matchPattern: { case: 'exact', value } };
}

function regex(value: string): MessageInitShape<typeof StringMatcherSchema> {
  return { matchPattern: { case: 'safeRegex', value: { regex: value } } };
}
