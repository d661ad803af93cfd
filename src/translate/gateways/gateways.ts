import { bindAddress, requestedAddresses } from './addresses.ts';
import type { Certificates } from './certificates.ts';
import { conflictsBetween } from './conflicts.ts';
import { listenerStates, secretAccess, type ListenerContext } from './listeners.ts';
import { portKey } from './ports.ts';
import { byAge, type GatewayState } from './state.ts';
import { noUpstreamTls, upstreamTls } from './upstream-tls.ts';
import { bugFault } from '../conditions.ts';
import type { Class } from '../gateway-classes.ts';
import type { Inputs, Settings } from '../inputs.ts';
import { missing } from '../missing.ts';
import { mergeSettings, readParameters, uidOf } from '../parameters.ts';
import type { ReferenceGrants } from '../reference-grants.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import type { Collection } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

/** What Gateways are judged by, beside themselves. */
export interface GatewaySources {
  readonly settings: Settings;
  readonly classes: Collection<Class>;
  readonly grants: ReferenceGrants;
  readonly certificates: Certificates;
}

/** The Gateways whose class is ours and accepted. */
export function gateways(graph: Graph, inputs: Inputs, from: GatewaySources): Collection<GatewayState> {
  const own = graph.derive(
    'own-gateways',
    inputs.resources.Gateway,
    (gateway, read): GatewayState | undefined => {
      const { infrastructure, gatewayClassName, listeners, tls } = gateway.object.spec;
      const gatewayClass = read.get(from.classes, gatewayClassName);
      if (gatewayClass?.accepted !== true) return undefined;
      const who = identity(gateway, gatewayClass);
      const { key, namespace, proxy, merged } = who;
      const ref = infrastructure?.parametersRef;
      const parameters = ref && readParameters({ ...ref, namespace }, 'infrastructure.parametersRef', { read, inputs });
      // One fleet serves all Gateways of the class: none of them can have it its own way.
      const settings = merged ? gatewayClass.settings : mergeSettings(gatewayClass.settings, parameters?.settings);
      const addresses = gateway.object.spec.addresses ?? [];
      const { address, requested, fault } =
        from.settings.addresses === 'bound' ? bindAddress(addresses) : requestedAddresses(addresses, settings?.ipFamily);
      const context: ListenerContext = {
        read,
        gateway: { key, namespace, proxy, merged, tls },
        grants: from.grants,
        secret: (secret) => read.get(from.certificates.secrets, secret),
        missing: (namespace) => missing(read, inputs, { kind: 'Secret', namespace }),
        binding: (port, transport) => read.get(inputs.portBindings, portKey(proxy, port, transport)),
      };
      return {
        ...who,
        address,
        requestedAddresses: requested,
        settings,
        fault: fault ?? parameters?.fault,
        upstreamTls: upstreamTls({ tls, settings, merged }, secretAccess(context)),
        listeners: listenerStates(listeners, context),
      };
    },
    { recover },
  );
  const mergedGateways = graph.group('merged-gateways', own, ({ merged, proxy }) => (merged ? [proxy] : []), byAge);
  return graph.derive('gateways', own, (gateway, read): GatewayState => {
    if (!gateway.merged) return gateway;
    const conflicts = conflictsBetween(read.get(mergedGateways, gateway.proxy) ?? []);
    if (conflicts.size === 0) return gateway;
    const listeners = gateway.listeners.map((listener) => {
      const conflict = conflicts.get(listener.key);
      return conflict === undefined ? listener : { ...listener, conflict, serving: false };
    });
    return { ...gateway, listeners };
  });
}

type Identity = Omit<GatewayState, 'address' | 'requestedAddresses' | 'settings' | 'fault' | 'upstreamTls' | 'listeners'>;

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
  };
}

function recover(gateway: ResourceOf<'Gateway'>, error: unknown): GatewayState {
  return { ...identity(gateway, undefined), address: '', requestedAddresses: [], settings: undefined, fault: bugFault(error), upstreamTls: noUpstreamTls, listeners: [] };
}
