/** Methods that Envoy's HTTP codecs know besides CONNECT; held against a real Envoy by test/e2e/explain.test.ts. */
export const METHODS = [
  'ACL', 'BIND', 'CHECKOUT', 'COPY', 'DELETE', 'GET', 'HEAD', 'LINK', 'LOCK', 'MERGE', 'MKACTIVITY', 'MKCALENDAR', 'MKCOL', 'MOVE', 'NOTIFY', 'OPTIONS',
  'PATCH', 'POST', 'PROPFIND', 'PROPPATCH', 'PURGE', 'PUT', 'REBIND', 'REPORT', 'SEARCH', 'SOURCE', 'SUBSCRIBE', 'TRACE', 'UNBIND', 'UNLINK', 'UNLOCK', 'UNSUBSCRIBE',
] as const;

const known: ReadonlySet<string> = new Set(['CONNECT', ...METHODS]);

/** What Envoy answers a method with whatever else the request says; undefined: nothing, routes decide. */
export function methodRefusal(method: string): { readonly status: 400; readonly reason: string } | undefined {
  return known.has(method) ? undefined : { status: 400, reason: `${method} is not a method that Envoy knows: it refuses the request before any route` };
}
