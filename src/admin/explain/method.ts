/** Methods that Envoy's HTTP codecs know besides CONNECT; held against a real Envoy by test/e2e/explain.test.ts. */
export const METHODS = [
  'ACL', 'BIND', 'CHECKOUT', 'COPY', 'DELETE', 'GET', 'HEAD', 'LINK', 'LOCK', 'MERGE', 'MKACTIVITY', 'MKCALENDAR', 'MKCOL', 'MOVE', 'NOTIFY', 'OPTIONS',
  'PATCH', 'POST', 'PROPFIND', 'PROPPATCH', 'PURGE', 'PUT', 'REBIND', 'REPORT', 'SEARCH', 'SOURCE', 'SUBSCRIBE', 'TRACE', 'UNBIND', 'UNLINK', 'UNLOCK', 'UNSUBSCRIBE',
] as const;

const known: ReadonlySet<string> = new Set(METHODS);

/** What Envoy answers a method with whatever else the request says; undefined: nothing, routes decide. */
export function methodRefusal(method: string): { readonly status: 400 | 404; readonly reason: string } | undefined {
  // A CONNECT has no path, so no path match fits it, not even that of every path (RFC 9110 §9.3.6).
  if (method === 'CONNECT') return { status: 404, reason: 'CONNECT asks for a tunnel and has no path: no route fits it, whatever the host' };
  return known.has(method) ? undefined : { status: 400, reason: `${method} is not a method that Envoy knows: it refuses the request before any route` };
}
