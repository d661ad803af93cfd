/**
 * What objects' status says, in the words of the Gateway API: types of conditions and their reasons, per kind.
 * https://gateway-api.sigs.k8s.io/reference/spec/ Deprecated ones (Scheduled, Ready, Detached) are left out.
 */

export type ConditionStatus = 'True' | 'False' | 'Unknown';

/** A condition as translation wants it. When it last changed is for the one who writes it to know. */
export interface Condition {
  readonly type: string;
  readonly status: ConditionStatus;
  /** One word, CamelCase. */
  readonly reason: string;
  /** A sentence for people, with object, field and value. */
  readonly message: string;
  /** Generation of the object that this is about. */
  readonly observedGeneration: number;
}

export const GatewayClassCondition = { Accepted: 'Accepted', SupportedVersion: 'SupportedVersion' } as const;

export const GatewayClassReason = {
  Accepted: 'Accepted',
  InvalidParameters: 'InvalidParameters',
  /** Nobody has looked at it yet. */
  Pending: 'Pending',
  SupportedVersion: 'SupportedVersion',
  Unsupported: 'Unsupported',
  UnsupportedVersion: 'UnsupportedVersion',
} as const;

export const GatewayCondition = {
  /** The Gateway is valid enough to produce some configuration. */
  Accepted: 'Accepted',
  /** Its configuration is on the proxies. */
  Programmed: 'Programmed',
  ResolvedRefs: 'ResolvedRefs',
  /** True when clients without a valid certificate are let in. */
  InsecureFrontendValidationMode: 'InsecureFrontendValidationMode',
  /** True when routes attach to it without naming it (GEP-3793). */
  DefaultGateway: 'DefaultGateway',
} as const;

export const GatewayReason = {
  Accepted: 'Accepted',
  AddressNotAssigned: 'AddressNotAssigned',
  AddressNotUsable: 'AddressNotUsable',
  /** InsecureFrontendValidationMode. */
  ConfigurationChanged: 'ConfigurationChanged',
  DefaultGateway: 'DefaultGateway',
  Invalid: 'Invalid',
  InvalidClientCertificateRef: 'InvalidClientCertificateRef',
  InvalidParameters: 'InvalidParameters',
  ListenersNotResolved: 'ListenersNotResolved',
  /** Accepted, True or False: at least one listener is not valid. */
  ListenersNotValid: 'ListenersNotValid',
  /** Not enough of what a data plane needs. */
  NoResources: 'NoResources',
  Pending: 'Pending',
  Programmed: 'Programmed',
  RefNotPermitted: 'RefNotPermitted',
  ResolvedRefs: 'ResolvedRefs',
  UnsupportedAddress: 'UnsupportedAddress',
} as const;

/** Of a Gateway's listeners and, with two reasons more, of a ListenerSet's. */
export const ListenerCondition = {
  Accepted: 'Accepted',
  /** True when another listener on the port wins. */
  Conflicted: 'Conflicted',
  /** True when clients may reuse a connection for a hostname of another listener. */
  OverlappingTLSConfig: 'OverlappingTLSConfig',
  Programmed: 'Programmed',
  ResolvedRefs: 'ResolvedRefs',
} as const;

export const ListenerReason = {
  Accepted: 'Accepted',
  HostnameConflict: 'HostnameConflict',
  Invalid: 'Invalid',
  InvalidCACertificateKind: 'InvalidCACertificateKind',
  InvalidCACertificateRef: 'InvalidCACertificateRef',
  InvalidCertificateRef: 'InvalidCertificateRef',
  InvalidRouteKinds: 'InvalidRouteKinds',
  /** A ListenerSet's listener against one with precedence. */
  ListenerConflict: 'ListenerConflict',
  NoConflicts: 'NoConflicts',
  NoValidCACertificate: 'NoValidCACertificate',
  OverlappingCertificates: 'OverlappingCertificates',
  OverlappingHostnames: 'OverlappingHostnames',
  Pending: 'Pending',
  PortUnavailable: 'PortUnavailable',
  Programmed: 'Programmed',
  ProtocolConflict: 'ProtocolConflict',
  RefNotPermitted: 'RefNotPermitted',
  ResolvedRefs: 'ResolvedRefs',
  /** A ListenerSet's listener beyond what the Gateway can hold. */
  TooManyListeners: 'TooManyListeners',
  UnsupportedProtocol: 'UnsupportedProtocol',
  UnsupportedValue: 'UnsupportedValue',
} as const;

export const ListenerSetCondition = { Accepted: 'Accepted', Programmed: 'Programmed' } as const;

export const ListenerSetReason = {
  Accepted: 'Accepted',
  Invalid: 'Invalid',
  ListenersNotValid: 'ListenersNotValid',
  /** The Gateway does not let this set in. */
  NotAllowed: 'NotAllowed',
  ParentNotAccepted: 'ParentNotAccepted',
  Pending: 'Pending',
  Programmed: 'Programmed',
} as const;

/** Of a route, for each parent. */
export const RouteCondition = {
  Accepted: 'Accepted',
  /** True when some rules were left out. */
  PartiallyInvalid: 'PartiallyInvalid',
  ResolvedRefs: 'ResolvedRefs',
} as const;

export const RouteReason = {
  Accepted: 'Accepted',
  BackendNotFound: 'BackendNotFound',
  IncompatibleFilters: 'IncompatibleFilters',
  InvalidKind: 'InvalidKind',
  NoMatchingListenerHostname: 'NoMatchingListenerHostname',
  NoMatchingParent: 'NoMatchingParent',
  NotAllowedByListeners: 'NotAllowedByListeners',
  Pending: 'Pending',
  RefNotPermitted: 'RefNotPermitted',
  ResolvedRefs: 'ResolvedRefs',
  /** The backend speaks a protocol that the route cannot use. */
  UnsupportedProtocol: 'UnsupportedProtocol',
  UnsupportedValue: 'UnsupportedValue',
} as const;

/** Of a policy, for each ancestor. */
export const PolicyCondition = { Accepted: 'Accepted', ResolvedRefs: 'ResolvedRefs' } as const;

export const PolicyReason = {
  Accepted: 'Accepted',
  Conflicted: 'Conflicted',
  Invalid: 'Invalid',
  TargetNotFound: 'TargetNotFound',
  /** The rest are BackendTLSPolicy's. */
  InvalidCACertificateRef: 'InvalidCACertificateRef',
  InvalidKind: 'InvalidKind',
  NoValidCACertificate: 'NoValidCACertificate',
  ResolvedRefs: 'ResolvedRefs',
} as const;

/** Of XBackend and of Envoy Gateway's Backend. */
export const BackendCondition = { Accepted: 'Accepted' } as const;

export const BackendReason = { Accepted: 'Accepted', Invalid: 'Invalid' } as const;
