/** The CA certificates that a peer's certificate is checked against. */
export interface TrustBundle {
  /** `ca/ConfigMap/namespace/name`, with a comma between several objects; `ca/System`. */
  readonly key: string;
  /** PEM; undefined: those of the system that the proxy runs on. */
  readonly certificates: string | undefined;
}

/** Key of the bundle that the proxy's system brings. */
export const systemTrust = 'ca/System';
