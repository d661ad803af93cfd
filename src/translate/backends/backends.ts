import { parseBackendKey, type BackendKey } from './backend-key.ts';
import { endpointSets } from './endpoints.ts';
import { portOf, protocolOf, transportOf, type ServicePorts } from './services.ts';
import { xBackend, type XBackendState } from './x-backends.ts';
import { ownPicker } from '../inference/own-picker.ts';
import { pickerTls } from '../inference/picker-service.ts';
import type { PoolState } from '../inference/pools.ts';
import type { Inputs, Settings } from '../inputs.ts';
import type { ObjectTls } from '../tls/object-tls.ts';
import type { TlsPolicies, TlsPolicy } from '../tls/tls-policy.ts';
import { tlsTarget } from '../tls/tls-targets.ts';
import { trafficPolicyFor, type TrafficPolicies } from '../traffic/traffic-policy.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import { refOf } from '../../api/resource.ts';
import type { Backend, EndpointSet } from '../../ir/backend.ts';
import type { Collection, Read } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

/** The backends that are in use, and their endpoints apart from them. `inUse` is keyed by backend. */
export function backends(
  graph: Graph,
  inputs: Inputs,
  from: {
    readonly services: Collection<ServicePorts>;
    readonly policies: TlsPolicies;
    readonly objectTls: Collection<ObjectTls>;
    readonly xBackends: Collection<XBackendState>;
    readonly pools: Collection<PoolState>;
    readonly settings: Settings;
    readonly traffic: TrafficPolicies;
    readonly inUse: Collection<unknown>;
  },
): { readonly backends: Collection<Backend>; readonly endpointSets: Collection<EndpointSet> } {
  const connected = (read: Read, key: string): Backend | undefined => {
    const parsed = parseBackendKey(key);
    if (parsed.type === 'endpointpicker') return ownPicker(from.settings);
    if (parsed.type === 'inferencepool') {
      const state = read.get(from.pools, parsed.object);
      return state && poolBackend(key, state);
    }
    const target = tlsTarget(read, parsed, from.services);
    const policy = target && from.policies.find(read, target);
    if (parsed.type === 'service') return serviceBackend(key, parsed, { service: read.get(from.services, `${parsed.kind}/${parsed.object}`), policy });
    if (parsed.type === 'xbackend') {
      const state = read.get(from.xBackends, parsed.object);
      return state && xBackend(key, parsed.variant, state);
    }
    const own = parsed.variant === 'passthrough' ? undefined : read.get(from.objectTls, parsed.object);
    return objectBackend(key, parsed, { backend: read.get(inputs.resources.Backend, parsed.object), policy, own });
  };
  const all = graph.derive('backends', from.inUse, (_use, read, key): Backend | undefined => {
    const backend = connected(read, key);
    const retryBudget = trafficPolicyFor(read, from.traffic, key)?.retryBudget;
    return backend === undefined || retryBudget === undefined ? backend : { ...backend, retryBudget };
  });
  return { backends: all, endpointSets: endpointSets(graph, inputs, { services: from.services, backends: all, pools: from.pools, settings: from.settings }) };
}

function serviceBackend(
  key: string,
  { port, variant }: Extract<BackendKey, { type: 'service' }>,
  { service, policy }: { readonly service: ServicePorts | undefined; readonly policy: TlsPolicy | undefined },
): Backend | undefined {
  if (service === undefined) return undefined;
  const appProtocol = portOf(service, port, transportOf(variant))?.appProtocol;
  const { externalName } = service;
  const connection = secured(policy, externalName === undefined ? { type: 'endpoints' } : { type: 'dns', hosts: [{ hostname: externalName, port }] });
  const tls = variant === 'picker' && policy === undefined ? { tls: pickerTls(appProtocol) } : {};
  return {
    key,
    owner: service.ref,
    ownerVersion: service.version,
    ...(variant === 'picker' && { picks: 'standard' }),
    protocol: variant === 'h2c' || variant === 'picker' ? 'h2c' : protocolOf(appProtocol, connection.tls !== undefined),
    ...connection,
    ...tls,
  };
}

function poolBackend(key: string, { resource, picker }: PoolState): Backend {
  return {
    key,
    owner: refOf(resource),
    ownerVersion: resource.version,
    protocol: resource.object.spec.appProtocol === 'kubernetes.io/h2c' ? 'h2c' : 'http1',
    picker,
    tls: undefined,
    discovery: { type: 'endpoints' },
  };
}

function objectBackend(
  key: string,
  { variant }: BackendKey,
  { backend, policy, own }: { readonly backend: ResourceOf<'Backend'> | undefined; readonly policy: TlsPolicy | undefined; readonly own: ObjectTls | undefined },
): Backend | undefined {
  if (backend === undefined) return undefined;
  const { endpoints = [], appProtocols = [] } = backend.object.spec;
  // "fqdn addresses cannot be mixed with other address types": the API sees to it.
  const hosts = endpoints.flatMap(({ fqdn }) => (fqdn === undefined ? [] : [{ hostname: fqdn.hostname, port: fqdn.port }]));
  const connection = secured(policy, hosts.length > 0 ? { type: 'dns', hosts } : { type: 'endpoints' }, own);
  return {
    key,
    owner: `Backend/${backend.key}`,
    ownerVersion: backend.version,
    protocol: variant === 'h2c' ? 'h2c' : protocolOf(appProtocols[0], connection.tls !== undefined),
    ...connection,
  };
}

/**
 * A policy takes the place of what a Backend says itself of whom to trust. Where either cannot be done, nobody is connected to:
 * "Connections using an invalid CACertificateRef MUST fail".
 */
function secured(policy: TlsPolicy | undefined, discovery: Backend['discovery'], own?: ObjectTls): Pick<Backend, 'tls' | 'discovery'> {
  if (policy === undefined && own === undefined) return { tls: undefined, discovery };
  const tls = policy === undefined ? own?.tls : policy.tls && { ...policy.tls, parameters: own?.parameters ?? policy.tls.parameters };
  return tls === undefined || own?.fault !== undefined ? { tls: undefined, discovery: { type: 'none' } } : { tls, discovery };
}
