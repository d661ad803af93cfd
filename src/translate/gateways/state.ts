import type { Fault } from '../conditions.ts';

/** A Gateway of ours, as far as it can be known without its routes. Key: `namespace/name`. */
export interface GatewayState {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  readonly version: string;
  /** The proxy that serves it. */
  readonly proxy: string;
  /** Bind address, and what keeps the Gateway as a whole from being accepted. */
  readonly address: string;
  readonly fault: Fault | undefined;
  /** In the order of the spec. */
  readonly listeners: readonly ListenerState[];
}

/** A listener of a Gateway (Gateway API `Listener`). */
export interface ListenerState {
  readonly name: string;
  /** `gateway key/listener name`. */
  readonly key: string;
  readonly port: number;
  readonly protocol: string;
  /** `*` when none is given. Lower case. */
  readonly hostname: string;
  readonly supportedKinds: readonly { readonly group: string; readonly kind: string }[];
  readonly namespaces: NamespaceRule;
  /** Keys of the certificates that are there and usable. */
  readonly certificates: readonly string[];
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
  /** It gets a place in the proxy: nothing above but `overlap` stands against it, or not enough to stop it. */
  readonly serving: boolean;
  /** Key of the route table that routes of this listener go to. */
  readonly table: string;
}

/** From which namespaces routes may attach. */
export type NamespaceRule =
  | { readonly from: 'All' | 'Same' }
  /** Without a selector, from none. */
  | { readonly from: 'Selector'; readonly selector: LabelSelector | undefined };

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}
