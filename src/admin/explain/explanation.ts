import type { Transport } from '../../ir/listener.ts';
import type { Delivery } from './world.ts';
import type { Header, Question } from './request.ts';

/** Answer to: who answers this request, and why. */
export interface Explanation {
  readonly request: Question;
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
  /** No answer: nobody listens, TLS fails, or no route takes the connection. */
  | { readonly type: 'none'; readonly reason: string }
  /** Envoy answers by itself. To a gRPC client, HTTP status 200 with a status of gRPC: `12 UNIMPLEMENTED`. */
  | { readonly type: 'local'; readonly status: number; readonly reason: string; readonly headers: readonly Header[]; readonly grpcStatus?: string }
  /** One of some backends does. */
  | { readonly type: 'forward'; readonly backends: readonly BackendPart[] }
  /** The connection, or the datagrams of a client, go to one of some backends as they are. */
  | { readonly type: 'connect'; readonly backends: readonly StreamPart[] };

export interface ListenerPart {
  /** `namespace/name` of the Gateway. */
  readonly gateway: string;
  /** The object that has the listener: that Gateway, or `ListenerSet/namespace/name`. */
  readonly owner: string;
  /** The listener's name there. */
  readonly name: string;
  readonly address: string;
  /** As the Gateway wants it, and as it is bound. */
  readonly port: number;
  readonly boundPort: number;
  readonly transport: Transport;
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
  readonly failure: { readonly status: number; readonly reason: string; readonly grpcStatus?: string } | undefined;
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

/** A backend and its share of connections, or of the clients of a UDP port. */
export interface StreamPart {
  /** Key of the backend; undefined: the reference leads nowhere. */
  readonly backend: string | undefined;
  /** Of 1. */
  readonly share: number;
  /** Why there is nobody. */
  readonly failure: string | undefined;
  /** TLS is spoken to the servers, by the proxy. */
  readonly tls: boolean;
  readonly endpoints: readonly string[];
  readonly endpointsOmitted: number;
}

/** A route that does not answer. */
export interface OtherRoute {
  readonly name: string;
  readonly match: string;
  /** Whether the request fits it. */
  readonly fits: boolean;
  readonly why: string;
}
