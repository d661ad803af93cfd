/** Short names for the parts of objects that translation reads. All of them have their defaults. */
import type { Objects } from './kinds.ts';

/** The type of an optional list's items. */
type Item<List> = NonNullable<List> extends readonly (infer One)[] ? One : never;

export type GatewayListener = Item<Objects['Gateway']['spec']['listeners']>;
export type GatewayTls = NonNullable<Objects['Gateway']['spec']['tls']>;
export type FrontendTls = NonNullable<GatewayTls['frontend']>;
export type FrontendValidation = NonNullable<FrontendTls['default']['validation']>;
export type GatewayAddress = Item<Objects['Gateway']['spec']['addresses']>;
export type ListenerTls = NonNullable<GatewayListener['tls']>;
export type CertificateRef = Item<ListenerTls['certificateRefs']>;
export type AllowedRoutes = GatewayListener['allowedRoutes'];
export type ListenerSetEntry = Item<Objects['ListenerSet']['spec']['listeners']>;

export type RouteKind = 'HTTPRoute' | 'GRPCRoute' | 'TLSRoute' | 'TCPRoute' | 'UDPRoute';
/** A reference of a route to its Gateway, ListenerSet or Service: the same for every kind of route. */
export type ParentReference = Item<Objects['HTTPRoute']['spec']['parentRefs']>;

export type HTTPRouteRule = Item<Objects['HTTPRoute']['spec']['rules']>;
export type HTTPRouteMatch = Item<HTTPRouteRule['matches']>;
export type HTTPPathMatch = NonNullable<HTTPRouteMatch['path']>;
export type HTTPHeaderMatch = Item<HTTPRouteMatch['headers']>;
export type HTTPQueryParamMatch = Item<HTTPRouteMatch['queryParams']>;
/** The method that a match may ask for. */
export type HTTPMethod = NonNullable<HTTPRouteMatch['method']>;
export type HTTPRouteFilter = Item<HTTPRouteRule['filters']>;
export type HTTPHeaderFilter = NonNullable<HTTPRouteFilter['requestHeaderModifier']>;
export type HTTPRequestMirrorFilter = NonNullable<HTTPRouteFilter['requestMirror']>;
export type HTTPRequestRedirectFilter = NonNullable<HTTPRouteFilter['requestRedirect']>;
export type HTTPURLRewriteFilter = NonNullable<HTTPRouteFilter['urlRewrite']>;
export type HTTPPathModifier = NonNullable<HTTPURLRewriteFilter['path']>;
export type HTTPCORSFilter = NonNullable<HTTPRouteFilter['cors']>;
export type HTTPExternalAuthFilter = NonNullable<HTTPRouteFilter['externalAuth']>;
export type HTTPBackendRef = Item<HTTPRouteRule['backendRefs']>;
export type HTTPRouteRetry = NonNullable<HTTPRouteRule['retry']>;
export type HTTPRouteTimeouts = NonNullable<HTTPRouteRule['timeouts']>;
export type SessionPersistence = NonNullable<HTTPRouteRule['sessionPersistence']>;

export type GRPCRouteRule = Item<Objects['GRPCRoute']['spec']['rules']>;
export type GRPCRouteMatch = Item<GRPCRouteRule['matches']>;
export type GRPCMethodMatch = NonNullable<GRPCRouteMatch['method']>;
export type GRPCRouteFilter = Item<GRPCRouteRule['filters']>;
export type GRPCBackendRef = Item<GRPCRouteRule['backendRefs']>;
export type TLSRouteRule = Item<Objects['TLSRoute']['spec']['rules']>;
export type TCPRouteRule = Item<Objects['TCPRoute']['spec']['rules']>;
export type UDPRouteRule = Item<Objects['UDPRoute']['spec']['rules']>;

/** A reference to a backend, without what single kinds of routes add to it. */
export type BackendRef = Item<TCPRouteRule['backendRefs']>;
/** A reference to a backend that gets no share of the traffic: mirrors, external authorization. */
export type BackendObjectReference = HTTPRequestMirrorFilter['backendRef'];

export type ReferenceGrantFrom = Item<Objects['ReferenceGrant']['spec']['from']>;
export type ReferenceGrantTo = Item<Objects['ReferenceGrant']['spec']['to']>;
export type BackendTLSTargetRef = Item<Objects['BackendTLSPolicy']['spec']['targetRefs']>;
export type BackendTLSValidation = Objects['BackendTLSPolicy']['spec']['validation'];
export type SubjectAltName = Item<BackendTLSValidation['subjectAltNames']>;

export type ServicePort = Item<Objects['Service']['spec']['ports']>;
export type SliceEndpoint = Item<Objects['EndpointSlice']['endpoints']>;
export type SlicePort = Item<Objects['EndpointSlice']['ports']>;
/** Envoy Gateway's Backend. */
export type BackendEndpoint = Item<Objects['Backend']['spec']['endpoints']>;
export type BackendTls = NonNullable<Objects['Backend']['spec']['tls']>;
