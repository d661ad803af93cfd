import type { Rule } from '../../ir/route.ts';
import type { RoutedRequest } from './request.ts';

/** Statuses of gRPC by the HTTP status that Envoy would answer with: to a gRPC client it says 200, and one of these in `grpc-status`. */
const byHttpStatus: ReadonlyMap<number, string> = new Map([
  [400, '13 INTERNAL'],
  [401, '16 UNAUTHENTICATED'],
  [403, '7 PERMISSION_DENIED'],
  [404, '12 UNIMPLEMENTED'],
  [429, '14 UNAVAILABLE'],
  [502, '14 UNAVAILABLE'],
  [503, '14 UNAVAILABLE'],
  [504, '14 UNAVAILABLE'],
]);

/** How Envoy's own answer looks to a gRPC client: `12 UNIMPLEMENTED`; undefined: the request is not gRPC. */
export function grpcStatusOf(status: number, request: Pick<RoutedRequest, 'headers'>): string | undefined {
  return /^application\/grpc(\+|$)/.test(contentType(request)) ? (byHttpStatus.get(status) ?? '2 UNKNOWN') : undefined;
}

/** What keeps a request from fitting a rule of that protocol, gRPC-Web included. */
export function protocolMisfit(protocol: Rule['protocol'], request: Pick<RoutedRequest, 'headers'>): string[] {
  if (protocol === 'http' || contentType(request).startsWith('application/grpc')) return [];
  const given = contentType(request) === '' ? 'it has no content-type' : `its content-type is ${contentType(request)}`;
  return [`the request is not gRPC: ${given}, not application/grpc`];
}

function contentType({ headers }: Pick<RoutedRequest, 'headers'>): string {
  return headers.find(({ name }) => name === 'content-type')?.value ?? '';
}
