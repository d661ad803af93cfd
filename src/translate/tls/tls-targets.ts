import { parseBackendKey, serviceGroups, type BackendKey } from '../backends/backend-key.ts';
import { portOf, transportOf, type ServicePorts } from '../backends/services.ts';
import type { PolicyTarget } from '../policy-attachment.ts';
import type { GatewayState } from '../gateways/state.ts';
import type { BackendTLSTargetRef } from '../../api/types.ts';
import type { Collection, Read } from '../../reactive/collection.ts';

/** A Gateway has routes that lead to a backend. */
export interface GatewayBackend {
  readonly gateway: string;
  readonly backend: string;
}

/** What policies call a backend; undefined: what is sent there is given no TLS. */
export function tlsTarget(read: Read, backend: BackendKey, services: Collection<ServicePorts>): PolicyTarget | undefined {
  if (backend.variant === 'udp' || backend.variant === 'passthrough' || backend.type === 'xbackend') return undefined;
  if (backend.type === 'inferencepool' || backend.type === 'endpointpicker') return undefined;
  const { object } = backend;
  if (backend.type === 'backend') return { group: 'gateway.envoyproxy.io', kind: 'Backend', object, section: undefined };
  const { kind } = backend;
  const service = read.get(services, `${kind}/${object}`);
  return { group: serviceGroups[kind], kind, object, section: service && portOf(service, backend.port, transportOf(backend.variant))?.name };
}

/** Finds the Gateways whose routes lead to a target of a policy. */
export function reachOf(from: {
  readonly reached: Collection<GatewayBackend>;
  readonly services: Collection<ServicePorts>;
  readonly gateways: Collection<GatewayState>;
}): (read: Read, namespace: string, ref: BackendTLSTargetRef) => GatewayState[] {
  const byObject = from.reached.index('object', ({ backend }) => [parseBackendKey(backend).object]);
  return (read, namespace, { group, kind, name, sectionName }) => {
    const found = read.where(byObject, `${namespace}/${name}`).filter(({ backend }) => {
      const target = tlsTarget(read, parseBackendKey(backend), from.services);
      return target?.group === group && target.kind === kind && (sectionName === undefined || sectionName === '' || sectionName === target.section);
    });
    return [...new Set(found.map(({ gateway }) => gateway))].flatMap((key) => read.get(from.gateways, key) ?? []);
  };
}
