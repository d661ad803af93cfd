import { objectKey, serviceGroups, serviceKey, type ServiceKind, type Variant } from './backend-key.ts';
import { forbiddenHost } from './hosts.ts';
import { needsTls, portOf, protocolOf, type ServicePort, type ServicePorts, type Transport } from './services.ts';
import { leavesVersion, protocolFault, type XBackendState } from './x-backends.ts';
import type { Fault } from '../conditions.ts';
import { exportAnnotation, isExported } from '../inference/pool-export.ts';
import type { PoolState } from '../inference/pools.ts';
import type { ReferenceGrants } from '../reference-grants.ts';
import type { ObjectTls } from '../tls/object-tls.ts';
import type { TlsPolicies } from '../tls/tls-policy.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import type { EndpointPicker } from '../../ir/endpoint-picker.ts';
import type { Collection, Read } from '../../reactive/collection.ts';

/** A reference to something that answers requests, as routes and mirrors have it. */
export interface BackendReference {
  readonly group: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly port?: number;
}

/** What references are resolved against. */
export interface BackendCatalog {
  readonly services: Collection<ServicePorts>;
  readonly backends: Collection<ResourceOf<'Backend'>>;
  readonly grants: ReferenceGrants;
  readonly policies: Pick<TlsPolicies, 'find'>;
  /** What `tls` of Backends comes to. */
  readonly objectTls: Collection<ObjectTls>;
  readonly xBackends: Collection<XBackendState>;
  readonly pools: Collection<PoolState>;
  readonly poolImports: Collection<ResourceOf<'InferencePoolImport'>>;
  /** Whether objects may name whatever the proxies reach: hosts by a Service of type ExternalName, the proxies themselves. */
  readonly anyHost: boolean;
  /** What is to be said of an object that was not found. */
  missing(read: Read, of: { readonly kind: ServiceKind | 'Backend' | 'InferencePool' | 'InferencePoolImport' | 'XBackend'; readonly namespace: string }): string;
}

/** A backend's key, with who picks its servers if somebody does; or why there is none. */
export type Resolved = { readonly backend: string; readonly picker?: EndpointPicker } | { readonly fault: Fault };

/** Who refers: grants are given to a kind in a namespace. */
export interface RouteIdentity {
  /** That of routes, where none is given. */
  readonly group?: string;
  readonly kind: string;
  readonly namespace: string;
}

/** What is going to be sent to the backend; HTTP over TCP in the version that the backend asks for, unless said otherwise. */
export interface Traffic {
  readonly protocol?: Extract<Transport, 'TCP' | 'UDP'>;
  /** HTTP/2, whatever a port says that it speaks: gRPC has nothing else. */
  readonly http2?: boolean;
  /** Bytes that are handed on as they come: what the backend says it speaks in them is the client's business. UDP always is. */
  readonly opaque?: boolean;
  /** Opaque bytes that are TLS between the client and the backend: none is put around it, whatever others get there. */
  readonly passthrough?: boolean;
  /** Not a client's request, but a copy of one, a question about one or a report of it: nobody is asked to pick a server for that. */
  readonly aside?: boolean;
}

/** Finds the backend that a reference of one route names. */
export type Resolve = (ref: BackendReference, traffic?: Traffic) => Resolved;

/** Finds the backend that a reference names, in the order in which the specification words the reasons. */
export function resolveBackend(read: Read, from: RouteIdentity, ref: BackendReference, catalog: BackendCatalog, traffic: Traffic = {}): Resolved {
  const { group, kind, namespace = from.namespace, name, port } = ref;
  const label = `${kind} ${namespace}/${name}`;
  const resolve = resolvers.get(`${group}/${kind}`);
  if (resolve === undefined) {
    const what = group === '' ? label : `${label} of ${group}`;
    return { fault: { reason: 'InvalidKind', message: `${what} cannot be a backend` } };
  }
  const referrer = { group: from.group ?? 'gateway.networking.k8s.io', kind: from.kind, namespace: from.namespace };
  if (!catalog.grants.permits(read, referrer, { group, kind, namespace, name })) {
    const message = `${label}: no ReferenceGrant in namespace ${namespace} lets ${from.kind.replace(/cy$/, 'cie')}s of ${from.namespace} use it`;
    return { fault: { reason: 'RefNotPermitted', message } };
  }
  return resolve(read, { key: `${namespace}/${name}`, namespace, label, port, traffic }, catalog);
}

interface Wanted {
  readonly key: string;
  readonly namespace: string;
  readonly label: string;
  readonly port: number | undefined;
  readonly traffic: Traffic;
}

type Resolver = (read: Read, wanted: Wanted, catalog: BackendCatalog) => Resolved;

const resolvers: ReadonlyMap<string, Resolver> = new Map([
  ['/Service', serviceResolver('Service')],
  ['multicluster.x-k8s.io/ServiceImport', serviceResolver('ServiceImport')],
  ['gateway.envoyproxy.io/Backend', resolveBackendObject],
  ['gateway.networking.x-k8s.io/XBackend', resolveXBackend],
  ['inference.networking.k8s.io/InferencePool', resolvePool],
  ['inference.networking.x-k8s.io/InferencePool', resolvePool],
  ['gateway.networking.x-k8s.io/InferencePool', resolvePool],
  ['inference.networking.x-k8s.io/InferencePoolImport', resolveImport],
]);

function serviceResolver(kind: ServiceKind): Resolver {
  return (read, wanted, catalog) => {
    const service = read.get(catalog.services, `${kind}/${wanted.key}`);
    if (service === undefined) return notFound(`${wanted.label} ${catalog.missing(read, { kind, namespace: wanted.namespace })}`);
    return resolveService(read, wanted, { kind, service, catalog });
  };
}

function resolveService(
  read: Read,
  { key, label, port, traffic }: Wanted,
  { kind, service, catalog }: { readonly kind: ServiceKind; readonly service: ServicePorts; readonly catalog: BackendCatalog },
): Resolved {
  if (port === undefined) return notFound(`${label}: a port is needed`);
  if (service.externalName !== undefined && !catalog.anyHost) return refusedName(label);
  const { protocol = 'TCP' } = traffic;
  const servicePort = portOf(service, port, protocol);
  if (servicePort === undefined && service.externalName === undefined) {
    const ports = service.ports.filter((candidate) => candidate.protocol === protocol).map((candidate) => candidate.port).join(', ');
    return notFound(`${label} has no ${protocol} port ${port}, only ${ports || 'none'}`);
  }
  const isSecured = () => catalog.policies.find(read, { group: serviceGroups[kind], kind, object: key, section: servicePort?.name }) !== undefined;
  if (wantsTls(traffic, servicePort?.appProtocol) && !isSecured()) {
    const message = `${label} port ${port}: appProtocol ${servicePort?.appProtocol} needs TLS, and no BackendTLSPolicy says whom to trust there`;
    return { fault: { reason: 'UnsupportedProtocol', message } };
  }
  if (traffic.passthrough === true) return { backend: serviceKey(kind, key, port, isSecured() ? 'passthrough' : undefined) };
  return { backend: serviceKey(kind, key, port, variantFor(traffic, servicePort?.appProtocol)) };
}

/**
 * "Implementations SHOULD NOT support ExternalName Services": whoever may write a Service in a cluster could send the proxy wherever
 * the proxy's network leads, which may not be where they may go themselves (CVE-2021-25740).
 */
function refusedName(label: string): Resolved {
  const message = `${label} is of type ExternalName, which is not supported in a cluster (CVE-2021-25740); a Backend of gateway.envoyproxy.io with an fqdn endpoint names a host`;
  return { fault: { reason: 'UnsupportedValue', message } };
}

/** Whether it is for the proxy to begin TLS with what an `appProtocol` asks for. */
function wantsTls({ protocol, opaque }: Traffic, appProtocol: ServicePort['appProtocol']): boolean {
  return protocol !== 'UDP' && opaque !== true && needsTls(appProtocol);
}

function variantFor({ protocol, http2 }: Traffic, appProtocol: ServicePort['appProtocol']): Variant | undefined {
  if (protocol === 'UDP') return 'udp';
  return http2 === true && protocolOf(appProtocol, false) !== 'h2c' ? 'h2c' : undefined;
}

function resolveBackendObject(read: Read, { key, namespace, label, traffic }: Wanted, catalog: BackendCatalog): Resolved {
  const backend = read.get(catalog.backends, key);
  if (backend === undefined) return notFound(`${label} ${catalog.missing(read, { kind: 'Backend', namespace })}`);
  const tls = read.get(catalog.objectTls, key);
  const policy = catalog.policies.find(read, { group: 'gateway.envoyproxy.io', kind: 'Backend', object: key, section: undefined });
  const fault = traffic.passthrough === true ? undefined : (tls?.fault ?? (policy === undefined ? tls?.trustFault : undefined));
  if (fault !== undefined) return { fault: { reason: fault.reason, message: `${label}: ${fault.message}` } };
  const isSecured = tls !== undefined || policy !== undefined;
  const unsupported = unsupportedBackend(backend, { traffic, isSecured });
  if (unsupported !== undefined) {
    return { fault: { reason: 'UnsupportedProtocol', message: `${label}: ${unsupported}` } };
  }
  const hosts = (backend.object.spec.endpoints ?? []).flatMap(({ fqdn, ip }) => fqdn?.hostname ?? ip?.address ?? []);
  const forbidden = catalog.anyHost ? undefined : hosts.map(forbiddenHost).find((why) => why !== undefined);
  if (forbidden !== undefined) return { fault: { reason: 'UnsupportedValue', message: `${label}: ${forbidden}` } };
  if (traffic.passthrough === true) return { backend: objectKey('backend', key, isSecured ? 'passthrough' : undefined) };
  return { backend: objectKey('backend', key, variantFor(traffic, backend.object.spec.appProtocols?.[0])) };
}

/** What a Backend asks for that cannot be done; undefined: nothing. */
function unsupportedBackend(
  { object: { spec } }: ResourceOf<'Backend'>,
  { traffic, isSecured }: { readonly traffic: Traffic; readonly isSecured: boolean },
): string | undefined {
  if (spec.type !== 'Endpoints') return `type ${spec.type} is not supported`;
  if (spec.fallback === true) return 'fallback is not supported yet';
  const protocol = spec.appProtocols?.find((one) => wantsTls(traffic, one));
  if (protocol !== undefined && !isSecured) return `appProtocols: ${protocol} needs TLS, and neither tls nor a BackendTLSPolicy says whom to trust`;
  return undefined;
}

function resolveXBackend(read: Read, { key, namespace, label, traffic }: Wanted, catalog: BackendCatalog): Resolved {
  const state = read.get(catalog.xBackends, key);
  if (state === undefined) return notFound(`${label} ${catalog.missing(read, { kind: 'XBackend', namespace })}`);
  const { resource, acceptedFault: fault } = state;
  if (fault !== undefined) return { fault: { reason: fault.reason, message: `${label}: ${fault.message}` } };
  if (traffic.protocol === 'UDP') return { fault: { reason: 'UnsupportedProtocol', message: `${label} takes no UDP` } };
  const unfit = traffic.opaque === true ? undefined : protocolFault(resource, traffic.http2 === true);
  if (unfit !== undefined) return { fault: { reason: 'UnsupportedProtocol', message: `${label}: ${unfit}` } };
  if (traffic.passthrough === true) return { backend: objectKey('xbackend', key, state.tls === undefined ? undefined : 'passthrough') };
  return { backend: objectKey('xbackend', key, traffic.http2 === true && leavesVersion(resource) ? 'h2c' : undefined) };
}

function resolvePool(read: Read, wanted: Wanted, catalog: BackendCatalog): Resolved {
  const { key, namespace, label } = wanted;
  const state = read.get(catalog.pools, key);
  if (state === undefined) return notFound(`${label} ${catalog.missing(read, { kind: 'InferencePool', namespace })}`);
  return resolvedPool(state, wanted);
}

/** The pools of a set of clusters that have one name and ask to be exported. Of these we know that of our own cluster. */
function resolveImport(read: Read, wanted: Wanted, catalog: BackendCatalog): Resolved {
  const { key, namespace, label } = wanted;
  const state = read.get(catalog.pools, key);
  if (state !== undefined && isExported(state.resource)) return resolvedPool(state, wanted);
  if (read.get(catalog.poolImports, key) === undefined) return notFound(`${label} ${catalog.missing(read, { kind: 'InferencePoolImport', namespace })}`);
  const own = state === undefined ? `there is no InferencePool ${key}` : `InferencePool ${key} lacks the annotation ${exportAnnotation}: ClusterSet`;
  return notFound(`${label}: pools of other clusters cannot be reached, and ${own}`);
}

/** "The port field is ignored": the pool has ports of its own. */
function resolvedPool(state: PoolState, { key, label, traffic }: Wanted): Resolved {
  if (traffic.aside === true || traffic.opaque === true || traffic.protocol === 'UDP') {
    return { fault: { reason: 'InvalidKind', message: `${label} can only be a backend of requests, in a rule of an HTTPRoute or GRPCRoute` } };
  }
  const { appProtocol } = state.resource.object.spec;
  if (traffic.http2 === true && appProtocol !== 'kubernetes.io/h2c') {
    return { fault: { reason: 'UnsupportedProtocol', message: `${label}: appProtocol ${appProtocol} is HTTP/1.1, and gRPC needs HTTP/2` } };
  }
  return { backend: objectKey('inferencepool', key), picker: state.picker };
}

function notFound(message: string): Resolved {
  return { fault: { reason: 'BackendNotFound', message } };
}
