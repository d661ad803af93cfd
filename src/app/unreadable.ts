import type { KindName } from '../api/kinds.ts';
import type { KindState } from '../source/kubernetes/kubernetes-source.ts';

/** Without one of these a controller that starts would take down what an earlier one has set up. */
const needed: ReadonlySet<KindName> = new Set(['BackendTLSPolicy', 'EndpointSlice', 'EnvoyProxy', 'Gateway', 'GatewayClass', 'GRPCRoute', 'HTTPRoute', 'ListenerSet', 'Namespace', 'ReferenceGrant', 'Service', 'TCPRoute', 'TLSRoute', 'UDPRoute', 'XBackendTrafficPolicy', 'XListenerSet', 'XTelemetryPolicy']);

/**
 * Kinds that RBAC hides, and that nothing may begin without, a sentence each: what has never been read must not be taken for what is not
 * there. Of a single namespace that is hidden the others know nothing, but its Gateways have proxies that would be deleted.
 */
export function unreadable(states: readonly KindState[]): string[] {
  return states.flatMap(({ kind, namespace, state }) => {
    if (state.kind !== 'denied' || !needed.has(kind) || (namespace !== '' && kind !== 'Gateway')) return [];
    return [`${kind} objects${namespace === '' ? '' : ` of namespace ${namespace}`} may not be read: ${state.message}`];
  });
}
