import type { KindName, ResourceOf } from '../api/kinds.ts';
import type { Collection } from '../reactive/collection.ts';

/** What translation must know of its surroundings; fixed while the program runs. */
export interface Settings {
  /** GatewayClasses of these controller names are ours. */
  readonly controllerNames: readonly string[];
  /**
   * True where the objects are all there is (files): a parent or class that does not exist is then an error worth a
   * condition. In a cluster it may belong to another controller and is none of our business.
   */
  readonly ownsEverything: boolean;
  /**
   * What becomes of a Gateway's `spec.addresses`. `bound`: the proxy listens on them (a host of our own). `assigned`: the network
   * around the proxy is asked for them (a Service in a cluster), and the proxy listens on all that it has.
   */
  readonly addresses: 'bound' | 'assigned';
  /** Names of the features that every GatewayClass of ours is said to have; none: nothing is said. */
  readonly supportedFeatures?: readonly string[];
  /** Where the proxies reach our own endpoint picker. undefined: there is none. */
  readonly endpointPicker?: PickerAddress;
}

export type PickerAddress =
  | { readonly type: 'unix'; readonly path: string }
  | { readonly type: 'ip'; readonly ip: string; readonly port: number }
  /** `namespace/name`, and a port of it. */
  | { readonly type: 'service'; readonly service: string; readonly port: number };

/** The user's objects by kind. */
export type Resources = { readonly [K in KindName]: Collection<ResourceOf<K>> };

/** Envoy refused what an object, at one version, was translated to. Key: the object's reference. */
export interface Rejection {
  readonly version: string;
  /** Envoy's words. */
  readonly message: string;
}

/** Where a wanted port of a proxy ended up. Key: `portKey`. */
export type PortBinding =
  | {
      readonly boundPort: number;
      /** The port at which clients reach it: redirects name it. A container's port may hide behind a Service's. */
      readonly clientPort: number;
    }
  | { readonly error: string };

/** What the infrastructure knows of a running proxy. Key: proxy id. */
export interface ProxyState {
  /** Envoy runs and has accepted its listeners. */
  readonly ready: boolean;
  /** Why not, for people. */
  readonly message: string;
  readonly addresses: readonly { readonly type: 'IPAddress' | 'Hostname'; readonly value: string; readonly routability?: 'Cluster' }[];
  /** Addresses that the Gateway asks for and that lead nowhere. */
  readonly unusable?: readonly string[];
  /** What the settings of the proxies ask for and cannot have: the proxies go on with what they had. */
  readonly parametersFault?: string;
}

/** What became of the model servers of a pool. */
export type ModelServersState =
  | { readonly kind: 'deployed'; readonly available: number; readonly wanted: number; /** Why Pods do not come. */ readonly problem?: string }
  | { readonly kind: 'failed'; readonly message: string };

/** Everything that translation reads. */
export interface Inputs {
  readonly resources: Resources;
  readonly rejections: Collection<Rejection>;
  readonly portBindings: Collection<PortBinding>;
  readonly proxyStates: Collection<ProxyState>;
  /** Why objects of a kind cannot be read. Key: the kind, or `kind/namespace` where that is so in one namespace. */
  readonly unreadable: Collection<string>;
  /** Why nobody lists the Pods of an XBackend or InferencePool that selects some. Key: its reference. */
  readonly selectorFaults: Collection<string>;
  /** How far the model servers have come that an InferencePool asks to be deployed. Key: that of the pool. */
  readonly modelServers: Collection<ModelServersState>;
}
