import type { Credentials } from './credentials.ts';

/** How to reach an API server and who we are there. */
export interface KubeConnection {
  /** Base URL, without a slash at the end. */
  readonly server: string;
  readonly tls: KubeTls;
  readonly credentials: Credentials;
  /** The namespace that is meant when none is named. */
  readonly namespace: string;
}

/** TLS as `node:tls` takes it; PEM. */
export interface KubeTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}
