/**
 * Requests of one client stay with one server of a backend as long as it is there, and then with another one. The client
 * carries what says which server that is.
 */
export type Session = CookieSession | HeaderSession;

/** The client sends a cookie back that it was given. */
export interface CookieSession {
  readonly type: 'cookie';
  readonly name: string;
  /** Only requests below this path carry it. */
  readonly path: string;
  /** Milliseconds after which the session ends; undefined: it does not. */
  readonly lifetime: number | undefined;
  /** The cookie outlives the client's own session (RFC 6265 §5.3), until `lifetime` is over. */
  readonly permanent: boolean;
}

/** The client copies a header of answers into its next requests. */
export interface HeaderSession {
  readonly type: 'header';
  /** Lower case. */
  readonly name: string;
}
