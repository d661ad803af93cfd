import type { MessageInitShape } from '@bufbuild/protobuf';
import { CorsPolicySchema } from '../../gen/envoy/extensions/filters/http/cors/v3/cors_pb.ts';
import type { StringMatcherSchema } from '../../gen/envoy/type/matcher/v3/string_pb.ts';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { Cors } from '../../ir/route.ts';
import { any } from './bytes.ts';
import { escapeRegex } from './path-edit.ts';

export const corsFilter = 'envoy.filters.http.cors';

/**
 * A route's cross-origin policy. Envoy answers preflights itself, echoes the origin, and with credentials echoes the
 * asked-for method and headers in place of `*`.
 */
export function corsPolicy(cors: Cors): Any {
  return any(CorsPolicySchema, {
    allowOriginStringMatch: cors.allowOrigins.flatMap(spellings).map(originMatcher),
    allowMethods: list(cors.allowMethods),
    allowHeaders: list(cors.allowHeaders),
    // With credentials `*` would be the name of a header (Fetch standard §3.2.3), so it must not be sent.
    exposeHeaders: list(cors.allowCredentials ? cors.exposeHeaders.filter((name) => name !== '*') : cors.exposeHeaders),
    maxAge: String(cors.maxAge),
    allowCredentials: cors.allowCredentials,
    // A preflight from a stranger is answered without CORS headers and not passed on: the backend did not ask for CORS.
    forwardNotMatchingPreflights: false,
  });
}

/** Envoy knows `*` only alone: in a list it would be a name. */
function list(values: readonly string[]): string {
  return values.includes('*') ? '*' : values.join(', ');
}

/** `*` stands for any number of characters to its left end: whole labels, dots included, but not the port. */
function originMatcher(origin: string): MessageInitShape<typeof StringMatcherSchema> {
  if (origin === '*') return regex('.*');
  if (!origin.includes('*')) return { matchPattern: { case: 'exact', value: origin } };
  return regex(origin.split('*').map(escapeRegex).join('[^:/]+'));
}

/**
 * All ways to write an origin: "if not included, port 80 is assumed for http scheme origins, and port 443 is assumed for
 * https origins" (HTTPCORSFilter).
 */
export function spellings(origin: string): string[] {
  if (origin === '*') return [origin];
  const defaultPort = origin.startsWith('https:') ? ':443' : ':80';
  const bare = origin.endsWith(defaultPort) ? origin.slice(0, -defaultPort.length) : origin;
  return /:[0-9]+$/.test(bare) ? [bare] : [bare, `${bare}${defaultPort}`];
}

function regex(value: string): MessageInitShape<typeof StringMatcherSchema> {
  return { matchPattern: { case: 'safeRegex', value: { regex: value } } };
}
