import type { EndpointPicker } from './endpoint-picker.ts';
import type { ExternalAuth } from './external-auth.ts';
import type { Session } from './session.ts';

/**
 * All routes for one host of a route table, in the order they are tried: the first that matches answers, none: 404.
 * Routes of less specific hosts that also cover this one follow its own, as the specification orders rules across
 * hostnames and Envoy does not look further than one virtual host.
 */
export interface VirtualHost {
  /** `table|domain`. */
  readonly key: string;
  readonly table: string;
  /** `www.example.com`, `*.example.com` or `*`. Lower case, without port. */
  readonly domain: string;
  readonly routes: readonly Route[];
}

/** One match of one rule, and what is done with a request that it fits. */
export interface Route {
  /** `httproute/namespace/name/rule/0/match/0`: stable, and shown to people. */
  readonly name: string;
  readonly match: RouteMatch;
  /** Shared by all matches of the rule, by reference: encoders may cache on it. */
  readonly rule: Rule;
}

export interface RouteMatch {
  readonly path: PathMatch;
  /** GET, POST …; undefined: any. */
  readonly method: string | undefined;
  /** All must fit. Names are lower case. */
  readonly headers: readonly ValueMatch[];
  readonly queryParams: readonly ValueMatch[];
}

/** `PathPrefix` counts whole segments: `/a` fits `/a` and `/a/b`, not `/ab`. */
export interface PathMatch {
  readonly type: 'Exact' | 'PathPrefix' | 'RegularExpression';
  readonly value: string;
}

export interface ValueMatch {
  readonly type: 'Exact' | 'RegularExpression';
  readonly name: string;
  readonly value: string;
}

/** What a rule does with a request. */
export interface Rule {
  /** The object that asked for it: `HTTPRoute/namespace/name`. */
  readonly owner: string;
  /** The owner's version, so that a rejection can be laid at its door. */
  readonly ownerVersion: string;
  /** Name of the rule as the user gave it, or ''. */
  readonly name: string;
  /** `grpc`: only gRPC requests fit, gRPC-Web among them, which the backends get as gRPC; an invalid backend's share is answered with 503. */
  readonly protocol: 'http' | 'grpc';
  readonly requestHeaders: HeaderChanges;
  readonly responseHeaders: HeaderChanges;
  readonly cors: Cors | undefined;
  /** Comes after CORS and before all else, redirects included. */
  readonly externalAuth: ExternalAuth | undefined;
  readonly mirrors: readonly Mirror[];
  readonly action: Action;
}

export type Action = Forward | Redirect | DirectResponse;

/** Passes the request on to one of some backends. */
export interface Forward {
  readonly type: 'forward';
  /** At least one with a weight above 0. */
  readonly backends: readonly WeightedBackend[];
  readonly rewrite: Rewrite | undefined;
  readonly timeouts: Timeouts;
  readonly retry: Retry | undefined;
}

/** A share of a rule's requests. */
export interface WeightedBackend {
  /** Key of a backend; undefined: the reference is invalid, its share is answered with 500, or 503 for gRPC. */
  readonly backend: string | undefined;
  /** Requests in proportion to the sum of weights; 0: none. */
  readonly weight: number;
  readonly requestHeaders: HeaderChanges;
  readonly responseHeaders: HeaderChanges;
  readonly rewrite: Rewrite | undefined;
  /** Once a request has fallen to this backend, the session says to which of its servers. It has no say in the choice of the backend. */
  readonly session: Session | undefined;
  /** That of the backend. */
  readonly picker?: EndpointPicker;
}

/** Answers with a Location, built from the request where a part is undefined. */
export interface Redirect {
  readonly type: 'redirect';
  readonly scheme: 'http' | 'https' | undefined;
  readonly hostname: string | undefined;
  /** undefined: the well-known port of `scheme`, or without a scheme the listener's port; shown only if not the scheme's default. */
  readonly port: number | undefined;
  readonly path: PathChange | undefined;
  readonly statusCode: 301 | 302 | 303 | 307 | 308;
}

/** Answers without a backend. */
export interface DirectResponse {
  readonly type: 'direct';
  readonly statusCode: number;
  readonly body: string;
}

export interface Rewrite {
  readonly hostname: string | undefined;
  readonly path: PathChange | undefined;
}

/** `ReplacePrefixMatch` replaces what the rule's path prefix matched, and only with a PathPrefix match. */
export interface PathChange {
  readonly type: 'ReplaceFullPath' | 'ReplacePrefixMatch';
  readonly value: string;
}

/** Names are lower case; values are literal text. Order: remove, set, add. */
export interface HeaderChanges {
  readonly set: readonly Header[];
  readonly add: readonly Header[];
  readonly remove: readonly string[];
}

export interface Header {
  readonly name: string;
  readonly value: string;
}

export const noHeaderChanges: HeaderChanges = { set: [], add: [], remove: [] };

/** A copy of some requests goes to a backend whose answers nobody reads. */
export interface Mirror {
  readonly backend: string;
  /** The share of requests: numerator of denominator. */
  readonly numerator: number;
  readonly denominator: number;
}

/** Cross-origin policy, Fetch standard §3.2. `*` in a list means any. */
export interface Cors {
  /** `*`, an origin, or an origin whose host begins with `*.`. */
  readonly allowOrigins: readonly string[];
  readonly allowCredentials: boolean;
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  /** Seconds. */
  readonly maxAge: number;
}

/** Milliseconds; undefined: no limit of the route's own. */
export interface Timeouts {
  /** From the request's end to the response's end, retries included. */
  readonly request: number | undefined;
  /** The same for each try. */
  readonly backendRequest: number | undefined;
}

export interface Retry {
  /** Tries after the first; 0: none. */
  readonly attempts: number;
  /** Response codes that are tried again, besides connection failures. */
  readonly codes: readonly number[];
  /** Milliseconds before the first retry, growing after; undefined: the proxy's default. */
  readonly backoff: number | undefined;
}
