/** How connections to the servers of a backend are secured. */
export interface BackendTls {
  /** Key of the trust bundle that their certificates are checked against; undefined: they are not checked, as somebody has asked for in so many words. */
  readonly trust: string | undefined;
  readonly serverName: ServerName;
  /** A server's certificate has to be for one of these; none: for the server name. */
  readonly subjects: readonly Subject[];
}

/** What is sent as SNI: a name, the hostname of the endpoint, or the host of the request. */
export type ServerName = { readonly type: 'name'; readonly name: string } | { readonly type: 'endpoint' } | { readonly type: 'host' };

/** A subject alternative name of a certificate (RFC 5280 §4.2.1.6). */
export interface Subject {
  readonly type: 'dns' | 'uri';
  readonly name: string;
}
