/** How connections to the servers of a backend are secured. */
export interface BackendTls {
  /** Key of the trust bundle that their certificates are checked against; undefined: they are not checked, as somebody has asked for in so many words. */
  readonly trustBundle: string | undefined;
  readonly serverName: ServerName;
  /** A server's certificate has to be for one of these; none: for the server name. */
  readonly subjects: readonly Subject[];
  readonly parameters: TlsParameters;
}

/** What is sent as SNI: a name, the hostname of the endpoint, or the host of the request. */
export type ServerName = { readonly type: 'name'; readonly name: string } | { readonly type: 'endpoint' } | { readonly type: 'host' };

/** A subject alternative name of a certificate (RFC 5280 §4.2.1.6). */
export interface Subject {
  readonly type: 'dns' | 'uri';
  readonly name: string;
}

/** What the proxy brings into a handshake. Where nothing is said of something, it is as the proxy has it by itself. */
export interface TlsParameters {
  /** Key of the certificate that the proxy shows. */
  readonly certificate?: string;
  readonly minVersion?: TlsVersion;
  readonly maxVersion?: TlsVersion;
  /** Up to TLS 1.2; names as OpenSSL or IANA has them, `[A|B]` where the server may choose. */
  readonly ciphers?: readonly string[];
  readonly curves?: readonly string[];
  readonly signatureAlgorithms?: readonly string[];
  /** Offered by ALPN in place of what the proxy speaks. */
  readonly alpn?: readonly string[];
}

export type TlsVersion = '1.0' | '1.1' | '1.2' | '1.3';

/** A backend's TLS with what a proxy says where the backend says nothing. */
export function withParameters(tls: BackendTls, ofProxy: TlsParameters): BackendTls {
  return { ...tls, parameters: { ...ofProxy, ...tls.parameters } };
}
