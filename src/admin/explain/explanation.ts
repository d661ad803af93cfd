import type { Delivery } from './world.ts';
import type { ExplainedRequest, Header } from './request.ts';

/** Answer to: who answers this request, and why. */
export interface Explanation {
  readonly request: ExplainedRequest;
  /** The outcome in one sentence. */
  readonly summary: string;
  readonly answer: Answer;
  /** What happens on the way to the route, in order. */
  readonly steps: readonly string[];
  readonly listener: ListenerPart | undefined;
  /** Domain of the virtual host. */
  readonly virtualHost: string | undefined;
  readonly route: RoutePart | undefined;
  /** What was not chosen: first what fits too, then what nearly does. */
  readonly others: readonly OtherRoute[];
  /** More of these, not listed. */
  readonly othersOmitted: number;
  /** The resources concerned, at Envoy; empty offline. */
  readonly delivery: readonly (Delivery & { readonly type: string; readonly name: string })[];
}

export type Answer =
  /** No HTTP answer: nobody listens, or TLS fails. */
  | { readonly type: 'none'; readonly reason: string }
  /** Envoy answers by itself. */
  | { readonly type: 'local'; readonly status: number; readonly reason: string; readonly headers: readonly Header[] }
  /** One of some backends does. */
  | { readonly type: 'forward'; readonly backends: readonly BackendPart[] };

export interface ListenerPart {
  /** `namespace/name` of the Gateway. */
  readonly gateway: string;
  /** The listener's name in the Gateway. */
  readonly name: string;
  readonly address: string;
  /** As the Gateway wants it, and as it is bound. */
  readonly port: number;
  readonly boundPort: number;
  /** Server names that lead to it by TLS; empty: all. undefined: no TLS. */
  readonly serverNames: readonly string[] | undefined;
  readonly certificates: readonly string[];
}

export interface RoutePart {
  /** `httproute/namespace/name/rule/0/match/0`: as access logs have it. */
  readonly name: string;
  /** `HTTPRoute/namespace/name`. */
  readonly owner: string;
  /** The rule's own name, '' if it has none. */
  readonly ruleName: string;
  /** What it asks for: `path prefix /get, method GET`. */
  readonly match: string;
  /** What its filters and settings do to this request, one sentence each. */
  readonly effects: readonly string[];
}

/** A backend and its share of the requests. */
export interface BackendPart {
  /** Key of the backend; undefined: the reference leads nowhere. */
  readonly backend: string | undefined;
  /** Of 1. */
  readonly share: number;
  /** What the client gets when it is not the backend's own answer. */
  readonly failure: { readonly status: number; readonly reason: string } | undefined;
  readonly protocol: string;
  /** `10.0.0.1:8080`, `name:80 (by DNS)`, `10.0.0.1:8080 (draining)`. */
  readonly endpoints: readonly string[];
  readonly endpointsOmitted: number;
  /** What the backend is sent. */
  readonly authority: string;
  readonly path: string;
  /** All headers as given here and as changed; Envoy adds some of its own. */
  readonly headers: readonly Header[];
  /** Changes of the response, one sentence each. */
  readonly responseChanges: readonly string[];
}

/** A route that does not answer. */
export interface OtherRoute {
  readonly name: string;
  readonly match: string;
  /** Whether the request fits it. */
  readonly fits: boolean;
  readonly why: string;
}
