/** One kind of xDS resource that Moongate serves, by the name of its discovery service. VHDS is not used. */
export type XdsType = 'CDS' | 'EDS' | 'SDS' | 'LDS' | 'ECDS' | 'SRDS' | 'RDS';

/**
 * The order in which a stream is offered changes: what is named goes before what names it.
 * https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#eventual-consistency-considerations
 */
export const PUSH_ORDER = [
  'CDS', // clusters name endpoints and secrets, but Envoy asks for those by itself and warms the cluster until they come
  'EDS', // a cluster warms until its endpoints are there, so they follow at once
  'SDS', // a listener or cluster warms until its secrets are there
  'LDS', // a listener names filters, scopes and routes, which Envoy then asks for
  'ECDS', // filters of connections name clusters: only when those are live
  'SRDS', // scopes name route configurations, which Envoy then asks for
  'RDS', // routes name clusters: last, and only when those clusters are live
] as const satisfies readonly XdsType[];

/** The protobuf type of each kind's resources, as Any and type_url spell it. */
export const TYPE_URL: Readonly<Record<XdsType, string>> = {
  CDS: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  EDS: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  SDS: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
  LDS: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  ECDS: 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig',
  SRDS: 'type.googleapis.com/envoy.config.route.v3.ScopedRouteConfiguration',
  RDS: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
};

const BY_URL = new Map<string, XdsType>(PUSH_ORDER.map((type) => [TYPE_URL[type], type]));

/** The kind behind a type URL; undefined for one that is not served. */
export function typeOf(url: string): XdsType | undefined {
  return BY_URL.get(url);
}

/**
 * Kinds for which a first request without names means "everything".
 * https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#how-the-client-specifies-what-resources-to-return
 */
export const WILDCARD_TYPES: ReadonlySet<XdsType> = new Set(['CDS', 'LDS', 'SRDS']);

/** Kinds that route requests or connections to clusters: their `needs` are honoured, and what they use is not removed under them. */
export const ROUTING_TYPES = ['LDS', 'ECDS', 'SRDS', 'RDS'] as const satisfies readonly XdsType[];

/** Kinds whose removal waits until nothing at the client can use the resource any more. Listeners go at once. */
export const DEFERRED_REMOVAL: ReadonlySet<XdsType> = new Set(['CDS', 'EDS', 'SDS', 'ECDS', 'SRDS', 'RDS']);

/** Makes a value for each kind. */
export function recordOf<T>(make: (type: XdsType) => T): Record<XdsType, T> {
  return { CDS: make('CDS'), EDS: make('EDS'), SDS: make('SDS'), LDS: make('LDS'), ECDS: make('ECDS'), SRDS: make('SRDS'), RDS: make('RDS') };
}
