import type { ClusterAddresses } from './addresses.ts';
import type { FilterVerdict } from './listener-filters.ts';
import type { Fault } from '../conditions.ts';
import type { UpstreamTls } from './upstream-tls.ts';
import type { ProxySettings } from '../parameters.ts';
import type { GatewayTracing } from '../telemetry/gateway-tracing.ts';
import type { ObjectRef } from '../../api/resource.ts';
import type { ClientValidation, Transport } from '../../ir/listener.ts';
import { byText, chain } from '../../util/compare.ts';

/** A Gateway of ours, as far as it can be known without its routes. Key: `namespace/name`. */
export interface GatewayState {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  /** '' when its source keeps none. */
  readonly uid: string;
  /** RFC 3339, or ''. */
  readonly createdAt: string;
  readonly generation: number;
  readonly version: string;
  readonly gatewayClass: string;
  /** The controller that its class names: statuses carry it. */
  readonly controllerName: string;
  /** The proxy that serves it: one of its own, or, `merged`, the one of its class. */
  readonly proxy: string;
  readonly merged: boolean;
  /** Routes that ask for default Gateways of this scope attach to it without naming it (GEP-3793). */
  readonly defaultScope: 'All' | undefined;
  /** Bind address. */
  readonly address: string;
  /** Addresses that the network is to give it. */
  readonly requestedAddresses: readonly string[];
  readonly clusterAddresses: ClusterAddresses | undefined;
  /** How its proxies are to be: its own settings, laid over those of its class. */
  readonly settings: ProxySettings | undefined;
  /** What keeps the Gateway as a whole from being accepted. */
  readonly fault: Fault | undefined;
  /** InsecureFrontendValidationMode=True. */
  readonly insecureValidation: Fault | undefined;
  readonly upstreamTls: UpstreamTls;
  /** undefined: its requests are not reported. */
  readonly tracing: GatewayTracing | undefined;
  /** Why they are not, although a policy wants it. */
  readonly tracingFault: Fault | undefined;
  /** Its own in the order of the spec, then those of the ListenerSets that it takes, in their order of precedence. */
  readonly listeners: readonly ListenerState[];
  /** All ListenerSets that name it, in order of precedence. */
  readonly listenerSets: readonly AttachedListenerSet[];
}

/** A ListenerSet at its Gateway. */
export interface AttachedListenerSet {
  readonly ref: ObjectRef;
  /** Accepted=False: its listeners are not among the Gateway's. */
  readonly fault: Fault | undefined;
}

/** The object that has a listener: a Gateway or a ListenerSet. */
export interface ListenerOwner {
  readonly ref: ObjectRef;
  readonly namespace: string;
  readonly version: string;
}

/** The oldest first, then by name: who was there first has precedence. */
export const byAge: (a: GatewayState, b: GatewayState) => number = chain<GatewayState>(
  (a, b) => byText(a.createdAt, b.createdAt),
  (a, b) => byText(a.key, b.key),
);

/** A listener of a Gateway, or of a ListenerSet of its (Gateway API `Listener`, `ListenerEntry`). */
export interface ListenerState {
  readonly name: string;
  /** `OWNER/listener name`. */
  readonly key: string;
  readonly owner: ListenerOwner;
  readonly port: number;
  readonly protocol: string;
  readonly transport: Transport;
  /** Whether TLS ends here. */
  readonly tls: 'Terminate' | 'Passthrough' | undefined;
  /** 7: requests are routed; 4: connections are. */
  readonly layer: 4 | 7;
  /** `*` when none is given. Lower case. */
  readonly hostname: string;
  readonly supportedKinds: readonly { readonly group: string; readonly kind: string }[];
  readonly namespaces: NamespaceRule;
  /** Keys of the certificates that are there and usable, and the names that they are for. */
  readonly certificates: readonly string[];
  readonly certificateNames: readonly string[];
  /** How the certificates of clients are judged; undefined: they are not asked for. */
  readonly clientValidation: ClientValidation | undefined;
  /** What requests have to pass before the routes are looked at, in order. */
  readonly filters: FilterVerdict['filters'];
  /** Accepted=False. */
  readonly acceptedFault: Fault | undefined;
  /** Conflicted=True. */
  readonly conflict: Fault | undefined;
  /** ResolvedRefs=False. */
  readonly refsFault: Fault | undefined;
  /** OverlappingTLSConfig=True. */
  readonly overlap: Fault | undefined;
  /** The port cannot be bound. */
  readonly portFault: Fault | undefined;
  /** Accepted=False: what is to keep requests out cannot be had. The listener lets none in, and keeps its hosts from wider ones. */
  readonly guardFault: Fault | undefined;
  /** It gets a place in the proxy: nothing above but `overlap` stands against it, or not enough to stop it. */
  readonly serving: boolean;
  /** Name of the filter chain that takes its connections: unique among those of the port. */
  readonly chain: string;
  /** Key of the table that routes of this listener go to. */
  readonly table: string;
}

/** From which namespaces routes or ListenerSets may attach. A selector counts with `Selector`; without one, from none. */
export interface NamespaceRule {
  readonly from: 'All' | 'Same' | 'Selector' | 'None';
  readonly selector?: LabelSelector;
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}
