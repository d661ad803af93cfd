import type { BackendTls } from './backend-tls.ts';
import type { EndpointPicker, PickerService } from './endpoint-picker.ts';

/**
 * A group of servers that answer alike: one Service port, or one Backend object. Routes share it, so that health,
 * outlier detection and connection limits mean the servers and not the route (an Envoy cluster).
 */
export interface Backend {
  /** `service/namespace/name/port`, `backend/namespace/name`; with `/udp`, `/h2c`, `/passthrough` or `/picker` at the end where that is not to be mixed up with the rest. */
  readonly key: string;
  /** The object it stands for: `Service/namespace/name`. */
  readonly owner: string;
  readonly ownerVersion: string;
  /** What is spoken to the servers. `h2c`: HTTP/2, with TLS or without. `auto`: what client and server agree on by ALPN. */
  readonly protocol: 'http1' | 'h2c' | 'auto';
  /** undefined: no limit but the proxy's own. */
  readonly retryBudget?: RetryBudget;
  /** Who says which of the servers gets a request. undefined: the proxy does. */
  readonly picker?: EndpointPicker;
  /** Its servers are pickers of other backends, of some dialect: each request there occupies one of them until it is answered. */
  readonly picks?: PickerService['dialect'];
  /** undefined: plain text. */
  readonly tls: BackendTls | undefined;
  /**
   * `endpoints`: the addresses are an EndpointSet under the same key. `dns`: they are names that Envoy resolves. `none`: nobody may be
   * connected to, since the connection could not be secured as it has to be.
   */
  readonly discovery: { readonly type: 'endpoints' } | { readonly type: 'dns'; readonly hosts: readonly DnsHost[] } | { readonly type: 'none' };
}

/** How many retries a backend may be burdened with: a percentage of its requests, or a number that is always allowed. */
export interface RetryBudget {
  readonly percent: number;
  /** Milliseconds for which a request counts. */
  readonly interval: number;
  readonly minConcurrent: number;
}

export interface DnsHost {
  readonly hostname: string;
  readonly port: number;
}

/** The servers of a backend, as they are now. Changes often, and nothing else changes with it. */
export interface EndpointSet {
  /** Key of the backend. */
  readonly backend: string;
  /** Sorted by zone, address, port. */
  readonly endpoints: readonly Endpoint[];
  /** What proxies at some places use in place of all of them. Sorted by place; missing when there is no such place. */
  readonly near?: readonly NearEndpoints[];
}

/** The endpoints for the proxies at one place. */
export interface NearEndpoints {
  /** `node/name`, `pool/name`, `zone/name`. */
  readonly place: string;
  /** Ready ones that are meant for that place, and all that drain. */
  readonly endpoints: readonly Endpoint[];
}

export interface Endpoint {
  readonly address: { readonly type: 'ip'; readonly ip: string; readonly port: number } | { readonly type: 'unix'; readonly path: string };
  /** Its name, where the address is no name and there is one. */
  readonly hostname?: string;
  /** Zone of the server, '' when unknown. */
  readonly zone: string;
  /** A draining server gets requests only when no ready one is left. */
  readonly draining: boolean;
}

/** A backend is on a proxy because some route there names it. */
export interface BackendUse {
  readonly proxy: string;
  readonly backend: string;
  /** What the proxy sends requests to: the servers themselves, or the Service's own address, behind which the cluster's network picks one. */
  readonly via: 'endpoints' | 'service';
}
