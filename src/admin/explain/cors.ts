import type { Cors } from '../../ir/route.ts';
import { fullMatch } from '../../util/regex.ts';
import { spellings } from '../../xds/resources/cors.ts';
import type { Header, RoutedRequest } from './request.ts';

/** What a cross-origin policy does with a request. */
export interface CorsEffect {
  /** Envoy answers a preflight by itself. */
  readonly preflight: boolean;
  /** Added to the answer. */
  readonly headers: readonly Header[];
  readonly label: string;
}

/** undefined: the request has no Origin, so CORS does not come into it. */
export function corsEffect(cors: Cors, { method, headers }: RoutedRequest): CorsEffect | undefined {
  const value = (name: string) => headers.findLast((header) => header.name === name)?.value;
  const origin = value('origin');
  if (origin === undefined || origin === '') return undefined;
  const requestMethod = value('access-control-request-method');
  const preflight = method === 'OPTIONS' && requestMethod !== undefined && requestMethod !== '';
  const allowed = cors.allowOrigins.flatMap(spellings).some((pattern) => fitsOrigin(pattern, origin));
  // A browser needs the first of them, and Envoy gives the others to strangers too.
  const answer = [
    ...(allowed ? [{ name: 'access-control-allow-origin', value: origin }] : []),
    ...(cors.allowCredentials && (allowed || preflight) ? [{ name: 'access-control-allow-credentials', value: 'true' }] : []),
  ];
  const effect = preflight ? `, Envoy answers the preflight${allowed ? '' : ' without Access-Control-Allow-Origin'}` : '';
  return { preflight, headers: answer, label: `CORS: origin ${origin} is ${allowed ? 'allowed' : 'not allowed'}${effect}` };
}

/** `*` stands for any number of characters of a host, dots included, but not for a port. */
function fitsOrigin(pattern: string, origin: string): boolean {
  if (pattern === '*') return true;
  const [before = '', ...after] = pattern.split('*');
  if (after.length === 0) return pattern === origin;
  const escaped = [before, ...after].map((part) => part.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&'));
  return fullMatch(escaped.join('[^:/]+'), origin);
}
