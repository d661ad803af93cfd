import type { TelemetryPolicies } from './telemetry-policy.ts';
import type { Fault } from '../conditions.ts';
import type { GatewayState, ListenerState } from '../gateways/state.ts';
import type { ObjectRef } from '../../api/resource.ts';
import type { Tracing } from '../../ir/tracing.ts';
import type { Read } from '../../reactive/collection.ts';

/** How the requests of a Gateway are reported, and which policy says so. */
export interface GatewayTracing {
  readonly owner: ObjectRef;
  readonly ownerVersion: string;
  readonly tracing: Tracing;
}

/** The tracing of a Gateway. */
export function gatewayTracing(read: Read, gateway: Pick<GatewayState, 'key' | 'namespace' | 'name'>, policies: TelemetryPolicies): GatewayTracing | undefined {
  const policy = policies.find(read, { group: 'gateway.networking.k8s.io', kind: 'Gateway', object: gateway.key });
  if (policy?.tracing === undefined) return undefined;
  const { serviceName = `${gateway.name}.${gateway.namespace}`, ...rest } = policy.tracing;
  return { owner: policy.ref, ownerVersion: policy.version, tracing: { ...rest, serviceName } };
}

/**
 * What keeps the requests of a Gateway from being reported that shares its proxy with others: without TLS nobody can tell on a port
 * of both whose a request is before it is reported, and what is sent to the others must not get to a collector that is not theirs.
 */
export function sharedTracingFault(gateway: GatewayState, fleet: readonly GatewayState[]): Fault | undefined {
  const owner = gateway.tracing?.owner;
  if (owner === undefined) return undefined;
  const ports = new Set(gateway.listeners.filter(isPlain).map(({ port }) => port));
  for (const other of fleet) {
    const isApart = other.fault !== undefined || other.key === gateway.key || other.tracing?.owner === owner;
    const shared = isApart ? undefined : other.listeners.find((one) => isPlain(one) && ports.has(one.port));
    if (shared !== undefined) return { reason: 'Conflicted', message: `targetRefs: Gateway ${gateway.key} shares HTTP port ${shared.port} with Gateway ${other.key}, which the policy is not for` };
  }
  return undefined;
}

function isPlain({ layer, serving, tls }: ListenerState): boolean {
  return layer === 7 && tls === undefined && serving;
}
