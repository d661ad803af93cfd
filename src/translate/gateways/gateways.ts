import { bindAddress, requestedAddresses } from './addresses.ts';
import type { Certificates } from './certificates.ts';
import { conflictsBetween, settled, type ListenerGroup } from './conflicts.ts';
import { attachedListenerSets, listenerSetsByGateway } from './listener-sets.ts';
import { listenerStates, type ListenerContext } from './listeners.ts';
import { portKey } from './ports.ts';
import { byAge, type GatewayState, type ListenerOwner } from './state.ts';
import { bugFault } from '../conditions.ts';
import type { Class } from '../gateway-classes.ts';
import type { Inputs, Settings } from '../inputs.ts';
import { missing } from '../missing.ts';
import { mergeSettings, readParameters, uidOf } from '../parameters.ts';
import type { ReferenceGrants } from '../reference-grants.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import { refOf } from '../../api/resource.ts';
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
  const byGateway = listenerSetsByGateway(inputs);
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
      const { address, requested, fault } =
        from.settings.addresses === 'bound' ? bindAddress(addresses) : requestedAddresses(addresses, settings?.ipFamily);
      const context: Omit<ListenerContext, 'owner'> = {
        read,
        gateway: { ref: refOf(gateway), proxy, merged, tls },
        grants: from.grants,
        secret: (secret) => read.get(from.certificates.secrets, secret),
        missing: (namespace) => missing(read, inputs, { kind: 'Secret', namespace }),
        binding: (port, transport) => read.get(inputs.portBindings, portKey(proxy, port, transport)),
      };
      const sets = attachedListenerSets(read, gateway, { inputs, byGateway });
      const state: GatewayState = {
        ...who,
        address,
        requestedAddresses: requested,
        settings,
        fault: fault ?? parameters?.fault,
        listeners: [
          ...listenerStates(listeners, { ...context, owner: ownerOf(gateway) }),
          ...sets.flatMap(({ set, fault }) => (fault === undefined ? listenerStates(set.object.spec.listeners, { ...context, owner: ownerOf(set) }) : [])),
        ],
        listenerSets: sets.map(({ ref, fault }) => ({ ref, fault })),
      };
      return { ...state, listeners: settled(state.listeners, conflictsBetween(groupsOf(state))) };
    },
    { recover },
  );
  const mergedGateways = graph.group('merged-gateways', own, ({ merged, proxy }) => (merged ? [proxy] : []), byAge);
  return graph.derive('gateways', own, (gateway, read): GatewayState => {
    if (!gateway.merged) return gateway;
    const fleet = (read.get(mergedGateways, gateway.proxy) ?? []).filter(({ fault }) => fault === undefined);
    return { ...gateway, listeners: settled(gateway.listeners, conflictsBetween(fleet.flatMap(groupsOf))) };
  });
}

/** The listeners of a Gateway by the object that has them, in order of precedence. What others' listeners are called is nobody's business. */
function groupsOf({ key, listeners }: GatewayState): ListenerGroup[] {
  return [...Map.groupBy(listeners, ({ owner }) => owner.ref)].map(([ref, own]) => ({
    label: ref === `Gateway/${key}` ? `Gateway ${key}, which has precedence,` : 'a ListenerSet that has precedence',
    listeners: own,
  }));
}

function ownerOf(object: ResourceOf<'Gateway' | 'ListenerSet'>): ListenerOwner {
  return { ref: refOf(object), namespace: object.metadata.namespace, version: object.version };
}

type Identity = Omit<GatewayState, 'address' | 'requestedAddresses' | 'settings' | 'fault' | 'listeners' | 'listenerSets'>;

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
  return { ...identity(gateway, undefined), address: '', requestedAddresses: [], settings: undefined, fault: bugFault(error), listeners: [], listenerSets: [] };
}
