import type { Objects } from '../../api/kinds.ts';

/** The fleet settings of a proxy, as `EnvoyProxy.spec` has them. */
export type ProxySettings = Objects['EnvoyProxy']['spec'];

/** A port on which clients reach the proxy. */
export interface ProxyPort {
  /** Unique among the proxy's ports, a DNS label of at most 15 characters: it becomes the Service port's name. */
  readonly name: string;
  /** What clients use. */
  readonly port: number;
  /** What Envoy listens on. */
  readonly containerPort: number;
  readonly protocol: 'TCP' | 'UDP';
}

/** One fleet of Envoys that a Gateway, or all Gateways of a GatewayClass together, ask for. */
export interface WantedProxy {
  /** 'namespace/name' of the Gateway, or the GatewayClass's name when its Gateways are merged. */
  readonly id: string;
  /** Undefined when merged. */
  readonly gateway: { readonly namespace: string; readonly name: string; readonly uid?: string } | undefined;
  readonly gatewayClass: { readonly name: string; readonly uid?: string };
  readonly merged: boolean;
  readonly ports: readonly ProxyPort[];
  /** `spec.infrastructure.labels`: put on every object that is made, Pods included. */
  readonly labels: Readonly<Record<string, string>>;
  /** `spec.infrastructure.annotations`, likewise. */
  readonly annotations: Readonly<Record<string, string>>;
  /** IP addresses that the Gateway asks for. */
  readonly addresses: readonly string[];
  /** Cluster IPs that it asks for; `only`: it is not to be reached from elsewhere. Left out: it does not ask for any. */
  readonly clusterAddresses?: { readonly requested: readonly string[]; readonly only: boolean };
  /** Undefined: everything as it is by default. */
  readonly settings: ProxySettings | undefined;
}

/** What all proxies of one controller share. */
export interface ProxyEnvironment {
  readonly controllerNamespace: string;
  /** Where the proxies' objects live. */
  readonly deploy: 'ControllerNamespace' | 'GatewayNamespace';
  /** Our xDS server. Its certificate has `host` among its DNS names. A host that ends in '.svc' is looked up under `clusterDomain`. */
  readonly xds: { readonly host: string; readonly port: number };
  /** Such as 'cluster.local'. */
  readonly clusterDomain: string;
  readonly envoyImage: string;
  /** An image whose entrypoint is this program: it runs `shutdown-manager` beside each Envoy. */
  readonly helperImage: string;
  /** Names the Secret with ca.crt, tls.crt and tls.key by which the proxy knows our xDS server and is known to it. */
  readonly certificateSecret: (wanted: WantedProxy) => string;
}
