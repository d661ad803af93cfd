import type { Resolve } from '../backends/resolve.ts';
import type { Fault } from '../conditions.ts';
import type { HTTPExternalAuthFilter } from '../../api/types.ts';
import type { ExternalAuth } from '../../ir/external-auth.ts';

/** Translates an ExternalAuth filter (GEP-1494). gRPC needs HTTP/2, whatever the backend says or does not say of itself. */
export function externalAuthOf(filter: HTTPExternalAuthFilter, resolve: Resolve): ExternalAuth | { readonly fault: Fault } {
  const { backendRef, protocol, forwardBody } = filter;
  const resolved = resolve(backendRef, { http2: protocol === 'GRPC', aside: true });
  if ('fault' in resolved) return resolved;
  return { backend: resolved.backend, check: check(filter), bodyLimit: forwardBody?.maxSize ?? 0 };
}

function check({ protocol, http, grpc }: HTTPExternalAuthFilter): ExternalAuth['check'] {
  switch (protocol) {
    case 'HTTP':
      return {
        type: 'http',
        pathPrefix: pathPrefix(http?.path ?? ''),
        requestHeaders: names(http?.allowedHeaders) ?? [],
        responseHeaders: names(http?.allowedResponseHeaders),
      };
    case 'GRPC':
      return { type: 'grpc', requestHeaders: names(grpc?.allowedHeaders) };
  }
}

/** An empty list means the same as none. */
function names(list: readonly string[] | undefined): string[] | undefined {
  return list === undefined || list.length === 0 ? undefined : [...new Set(list.map((name) => name.toLowerCase()))];
}

/** "Even with the validation, implementations MUST sanitize this input": dot segments and slashes too many are taken out of it. */
function pathPrefix(path: string): string {
  return new URL(`http://host/${path}`).pathname.replace(/\/+/g, '/').replace(/\/$/, '');
}
