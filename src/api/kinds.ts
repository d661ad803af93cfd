import type { Backend } from '../gen/k8s/backend.v1alpha1.ts';
import type { BackendTLSPolicy } from '../gen/k8s/backendtlspolicy.v1.ts';
import type { BackendTrafficPolicy } from '../gen/k8s/backendtrafficpolicy.v1alpha1.ts';
import type { ClientTrafficPolicy } from '../gen/k8s/clienttrafficpolicy.v1alpha1.ts';
import type { ClusterTrustBundle } from '../gen/k8s/clustertrustbundle.v1beta1.ts';
import type { ConfigMap } from '../gen/k8s/configmap.v1.ts';
import { DEFINITIONS } from '../gen/k8s/definitions.ts';
import type { Definition } from '../gen/k8s/definitions.ts';
import type { DeployedInferencePool } from '../gen/k8s/deployedinferencepool.v1alpha1.ts';
import type { EndpointSlice } from '../gen/k8s/endpointslice.v1.ts';
import type { EnvoyExtensionPolicy } from '../gen/k8s/envoyextensionpolicy.v1alpha1.ts';
import type { EnvoyPatchPolicy } from '../gen/k8s/envoypatchpolicy.v1alpha1.ts';
import type { EnvoyProxy } from '../gen/k8s/envoyproxy.v1alpha1.ts';
import type { Gateway } from '../gen/k8s/gateway.v1.ts';
import type { GatewayClass } from '../gen/k8s/gatewayclass.v1.ts';
import type { GRPCRoute } from '../gen/k8s/grpcroute.v1.ts';
import type { HTTPRoute } from '../gen/k8s/httproute.v1.ts';
import type { HTTPRouteFilter } from '../gen/k8s/httproutefilter.v1alpha1.ts';
import type { InferenceModel } from '../gen/k8s/inferencemodel.v1alpha2.ts';
import type { InferenceModelRewrite } from '../gen/k8s/inferencemodelrewrite.v1alpha2.ts';
import type { InferenceObjective } from '../gen/k8s/inferenceobjective.v1alpha2.ts';
import type { InferencePool } from '../gen/k8s/inferencepool.v1.ts';
import type { InferencePoolImport } from '../gen/k8s/inferencepoolimport.v1alpha1.ts';
import type { ListenerSet } from '../gen/k8s/listenerset.v1.ts';
import type { Namespace } from '../gen/k8s/namespace.v1.ts';
import type { Node } from '../gen/k8s/node.v1.ts';
import type { Pod } from '../gen/k8s/pod.v1.ts';
import type { ReferenceGrant } from '../gen/k8s/referencegrant.v1beta1.ts';
import type { RoutedInferenceModel } from '../gen/k8s/routedinferencemodel.v1alpha1.ts';
import type { Secret } from '../gen/k8s/secret.v1.ts';
import type { SecurityPolicy } from '../gen/k8s/securitypolicy.v1alpha1.ts';
import type { Service } from '../gen/k8s/service.v1.ts';
import type { ServiceImport } from '../gen/k8s/serviceimport.v1beta1.ts';
import type { TCPRoute } from '../gen/k8s/tcproute.v1.ts';
import type { TLSRoute } from '../gen/k8s/tlsroute.v1.ts';
import type { UDPRoute } from '../gen/k8s/udproute.v1.ts';
import type { XBackend } from '../gen/k8s/xbackend.v1alpha1.ts';
import type { XBackendTrafficPolicy } from '../gen/k8s/xbackendtrafficpolicy.v1alpha1.ts';
import type { XInferencePool } from '../gen/k8s/xinferencepool.v1alpha2.ts';
import type { XMesh } from '../gen/k8s/xmesh.v1alpha1.ts';
import type { XTelemetryPolicy } from '../gen/k8s/xtelemetrypolicy.v1alpha1.ts';
import { formerDefinitions } from './former-kinds.ts';
import type { Resource } from './resource.ts';

/**
 * Every kind that we read, with the type of its objects: that of the storage version. The versions of a kind differ in nothing that we use.
 * Of kinds that share a name (`kind` of their objects) all but one have another name here.
 */
export interface Objects {
  Backend: Backend;
  BackendTLSPolicy: BackendTLSPolicy;
  BackendTrafficPolicy: BackendTrafficPolicy;
  ClientTrafficPolicy: ClientTrafficPolicy;
  ClusterTrustBundle: ClusterTrustBundle;
  ConfigMap: ConfigMap;
  /** InferencePool of gateway.networking.x-k8s.io, whose servers are its own. */
  DeployedInferencePool: DeployedInferencePool;
  EndpointSlice: EndpointSlice;
  EnvoyExtensionPolicy: EnvoyExtensionPolicy;
  EnvoyPatchPolicy: EnvoyPatchPolicy;
  EnvoyProxy: EnvoyProxy;
  Gateway: Gateway;
  GatewayClass: GatewayClass;
  GRPCRoute: GRPCRoute;
  HTTPRoute: HTTPRoute;
  HTTPRouteFilter: HTTPRouteFilter;
  InferenceModel: InferenceModel;
  InferenceModelRewrite: InferenceModelRewrite;
  InferenceObjective: InferenceObjective;
  InferencePool: InferencePool;
  InferencePoolImport: InferencePoolImport;
  ListenerSet: ListenerSet;
  Namespace: Namespace;
  Node: Node;
  Pod: Pod;
  ReferenceGrant: ReferenceGrant;
  /** InferenceModel of gateway.networking.x-k8s.io, which chooses among versions of servers. */
  RoutedInferenceModel: RoutedInferenceModel;
  Secret: Secret;
  SecurityPolicy: SecurityPolicy;
  Service: Service;
  ServiceImport: ServiceImport;
  TCPRoute: TCPRoute;
  TLSRoute: TLSRoute;
  UDPRoute: UDPRoute;
  XBackend: XBackend;
  XBackendTrafficPolicy: XBackendTrafficPolicy;
  /** InferenceModelRewrite of inference.networking.x-k8s.io. */
  XInferenceModelRewrite: InferenceModelRewrite;
  /** InferenceObjective of inference.networking.x-k8s.io. */
  XInferenceObjective: InferenceObjective;
  /** InferencePool of inference.networking.x-k8s.io. */
  XInferencePool: XInferencePool;
  XListenerSet: ListenerSet;
  XMesh: XMesh;
  XTelemetryPolicy: XTelemetryPolicy;
}

export type KindName = keyof Objects;

/** A decoded object of a kind. */
export type ResourceOf<Kind extends KindName> = Resource<Kind, Objects[Kind]>;

/** A decoded object of any kind: comparing `kind` tells its type. */
export type AnyResource = { [Kind in KindName]: ResourceOf<Kind> }[KindName];

/** What there is to know about a kind. */
export interface Kind extends Omit<Definition, 'kind' | 'name'> {
  readonly kind: KindName;
  /** What objects of it have in their field `kind`, and references to them in theirs. */
  readonly objectKind: string;
  readonly namespaced: boolean;
  /**
   * Whether objects are read for what a cluster says of them in their status, which then is content like the rest. Without a cluster there is
   * nothing to read: an object that a user wrote is left alone.
   */
  readonly observed: boolean;
}

const OBSERVED: ReadonlySet<KindName> = new Set(['Pod']);

const byName = new Map<string, Kind>();
for (const { name, kind: objectKind, ...definition } of [...DEFINITIONS, ...formerDefinitions(DEFINITIONS)]) {
  const kind = name as KindName;
  byName.set(kind, { ...definition, kind, objectKind, namespaced: definition.scope === 'Namespaced', observed: OBSERVED.has(kind) });
}

const byObjectKind = Map.groupBy(byName.values(), ({ objectKind }) => objectKind);

/** All kinds that we read, by name. */
export const KINDS: ReadonlyMap<string, Kind> = byName;

/** The kinds whose objects have this in their field `kind`; none that we read: an empty list. */
export function kindsCalled(objectKind: string): readonly Kind[] {
  return byObjectKind.get(objectKind) ?? [];
}

/** A kind by its name; the types rule out that there is none. */
export function kindNamed(name: KindName): Kind {
  const kind = byName.get(name);
  if (kind === undefined) throw new Error(`no definition of ${name}`);
  return kind;
}

/** `group/version` of an object of the kind; `version` alone for the core group. */
export function apiVersionOf(kind: Pick<Kind, 'group'>, version: string): string {
  return kind.group === '' ? version : `${kind.group}/${version}`;
}

/** A version that the API server serves, by the two fields that say so in an object. */
export function servedVersion(apiVersion: string, objectKind: string): { readonly kind: Kind; readonly version: string } | undefined {
  for (const kind of kindsCalled(objectKind)) {
    const version = kind.versions.find(({ name, served }) => served && apiVersionOf(kind, name) === apiVersion);
    if (version !== undefined) return { kind, version: version.name };
  }
  return undefined;
}

/** Tells the type of a resource by its kind. */
export function isKind<Name extends KindName>(resource: Resource, name: Name): resource is ResourceOf<Name> {
  return resource.kind === name;
}
