import { bindAddress, requestedAddresses } from './addresses.ts';
import type { Certificates } from './certificates.ts';
import { insecureValidation } from './client-validation.ts';
import { attachedListenerSets, listenerSetsByGateway } from './listener-sets.ts';
import { listenerState, secretAccess, type ListenerContext } from './listeners.ts';
import { portKey } from './ports.ts';
import { settle } from './settle.ts';
import { byAge, type GatewayState } from './state.ts';
import { noUpstreamTls, upstreamTls } from './upstream-tls.ts';
import { resolveBackend, type BackendCatalog } from '../backends/resolve.ts';
import { bugFault } from '../conditions.ts';
import type { Class } from '../gateway-classes.ts';
import type { AnyListenerSet } from '../former-kinds.ts';
import type { Inputs, Settings } from '../inputs.ts';
import { missing } from '../missing.ts';
import { mergeSettings, readParameters, uidOf } from '../parameters.ts';
import type { ReferenceGrants } from '../reference-grants.ts';
import { gatewayTracing, sharedTracingFault } from '../telemetry/gateway-tracing.ts';
import type { TelemetryPolicies } from '../telemetry/telemetry-policy.ts';
import type { CaCertificates } from '../tls/ca-certificates.ts';
import { currentName } from '../../api/former-kinds.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import { refOf } from '../../api/resource.ts';
import type { Collection } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

/** What Gateways are judged by, beside themselves. */
export interface GatewaySources {
  readonly settings: Settings;
  readonly classes: Collection<Class>;
  readonly listenerSets: Collection<AnyListenerSet>;
  readonly grants: ReferenceGrants;
  readonly certificates: Certificates;
  readonly cas: CaCertificates;
  readonly catalog: BackendCatalog;
  readonly telemetry: TelemetryPolicies;
}

/** The Gateways whose class is ours and accepted. */
export function gateways(graph: Graph, inputs: Inputs, from: GatewaySources): Collection<GatewayState> {
  const byGateway = listenerSetsByGateway(from.listenerSets);
  const own = graph.derive(
    'own-gateways',
    inputs.resources.Gateway,
    (gateway, read): GatewayState | undefined => {
      const { infrastructure, gatewayClassName, listeners, tls } = gateway.object.spec;
      const gatewayClass = read.get(from.classes, gatewayClassName);
      if (gatewayClass?.accepted !== true) return undefined;
      const who = identity(gateway, gatewayClass);
      const { namespace, proxy, merged } = who;
      const ref = infrastructure?.parametersRef;
      const parameters = ref && readParameters({ ...ref, namespace }, 'infrastructure.parametersRef', { read, inputs });
      // One fleet serves all Gateways of the class: none of them can have it its own way.
      const settings = merged ? gatewayClass.settings : mergeSettings(gatewayClass.settings, parameters?.settings);
      const addresses = gateway.object.spec.addresses ?? [];
      const { address, requested, inCluster, fault } =
        from.settings.addresses === 'bound' ? bindAddress(addresses) : requestedAddresses(addresses, settings?.ipFamily);
      const contextOf = (owner: ResourceOf<'Gateway'> | AnyListenerSet): ListenerContext => ({
        read,
        owner: { ref: refOf(owner), namespace: owner.metadata.namespace, version: owner.version },
        gateway: { ref: refOf(gateway), namespace, proxy, merged, tls },
        grants: from.grants,
        cas: from.cas,
        resolve: (target, traffic) => resolveBackend(read, { kind: currentName(owner.kind), namespace: owner.metadata.namespace }, target, from.catalog, traffic),
        secret: (secret) => read.get(from.certificates.secrets, secret),
        missing: (other) => missing(read, inputs, { kind: 'Secret', namespace: other }),
        binding: (port, transport) => read.get(inputs.portBindings, portKey(proxy, port, transport)),
      });
      const sets = attachedListenerSets(read, gateway, { inputs, byGateway });
      const state: GatewayState = {
        ...who,
        address,
        requestedAddresses: requested,
        clusterAddresses: inCluster,
        settings,
        fault: fault ?? parameters?.fault,
        insecureValidation: insecureValidation(tls?.frontend),
        upstreamTls: upstreamTls({ tls, settings, merged }, secretAccess(contextOf(gateway))),
        tracing: gatewayTracing(read, who, from.telemetry),
        tracingFault: undefined,
        listeners: [
          ...listeners.map((listener) => listenerState(listener, contextOf(gateway))),
          ...sets.filter(({ fault }) => fault === undefined).flatMap(({ set }) => set.object.spec.listeners.map((listener) => listenerState(listener, contextOf(set)))),
        ],
        listenerSets: sets.map(({ ref, fault }) => ({ ref, fault })),
      };
      // Who is in whose way is then seen for the whole fleet.
      return merged ? state : { ...state, listeners: settle([state]).get(state.key) ?? [] };
    },
    { recover },
  );
  const mergedGateways = graph.group('merged-gateways', own, ({ merged, proxy }) => (merged ? [proxy] : []), byAge);
  const mergedListeners = graph.derive('merged-listeners', mergedGateways, (fleet) => settle(fleet.filter(({ fault }) => fault === undefined)));
  return graph.derive('gateways', own, (gateway, read): GatewayState => {
    if (!gateway.merged) return gateway;
    // Only who wants them reported has to know about the others.
    const tracingFault = gateway.tracing && sharedTracingFault(gateway, read.get(mergedGateways, gateway.proxy) ?? []);
    return {
      ...gateway,
      tracing: tracingFault === undefined ? gateway.tracing : undefined,
      tracingFault,
      listeners: read.get(mergedListeners, gateway.proxy)?.get(gateway.key) ?? gateway.listeners,
    };
  });
}

type Identity = Omit<GatewayState, 'address' | 'requestedAddresses' | 'clusterAddresses' | 'settings' | 'fault' | 'insecureValidation' | 'upstreamTls' | 'tracing' | 'tracingFault' | 'listeners' | 'listenerSets'>;

function identity(gateway: ResourceOf<'Gateway'>, gatewayClass: Class | undefined): Identity {
  const { key, version, metadata } = gateway;
  const { namespace, name, generation, creationTimestamp } = metadata;
  const merged = gatewayClass?.settings?.mergeGateways === true;
  return {
    key,
    namespace,
    name,
    uid: uidOf(gateway),
    createdAt: creationTimestamp,
    generation,
    version,
    gatewayClass: gateway.object.spec.gatewayClassName,
    controllerName: gatewayClass?.controllerName ?? '',
    proxy: merged ? gatewayClass.name : key,
    merged,
    defaultScope: gateway.object.spec.defaultScope === 'All' ? 'All' : undefined,
  };
}

function recover(gateway: ResourceOf<'Gateway'>, error: unknown): GatewayState {
  return { ...identity(gateway, undefined), address: '', requestedAddresses: [], clusterAddresses: undefined, settings: undefined, fault: bugFault(error), insecureValidation: undefined, upstreamTls: noUpstreamTls, tracing: undefined, tracingFault: undefined, listeners: [], listenerSets: [] };
}
