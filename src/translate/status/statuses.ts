import { gatewayStatus, pendingGatewayStatus, type GatewayFacts } from './gateway-status.ts';
import { gatewayVerdict } from './gateway-verdict.ts';
import { objectStatus, type ObjectStatus } from './object-status.ts';
import { listenerSetStatus, orphanedListenerSetStatus } from './listener-set-status.ts';
import { inferencePolicyStatuses } from './inference-policy-status.ts';
import { inferencePoolStatuses, poolUsers } from './inference-pool-status.ts';
import { routeStatus } from './route-status.ts';
import { telemetryPolicyStatus, type TelemetryPolicyFacts } from './telemetry-policy-status.ts';
import { tlsPolicyStatus } from './tls-policy-status.ts';
import { trafficPolicyStatus } from './traffic-policy-status.ts';
import { xBackendStatuses } from './x-backend-status.ts';
import { unavailableBackends } from '../backends/empty-backends.ts';
import type { XBackendState } from '../backends/x-backends.ts';
import { asKindHasIt, isSuperseded, supersededStatus, type AnyListenerSet } from '../former-kinds.ts';
import type { Class } from '../gateway-classes.ts';
import { parentOf, wrongParent } from '../gateways/listener-sets.ts';
import type { GatewayState } from '../gateways/state.ts';
import type { PoolState } from '../inference/pools.ts';
import type { Inputs, Settings } from '../inputs.ts';
import type { ReferenceGrants } from '../reference-grants.ts';
import type { Attachment } from '../routes/attachments.ts';
import type { TranslatedRoute } from '../routes/translated-route.ts';
import { isGateway, type TelemetryPolicies } from '../telemetry/telemetry-policy.ts';
import type { TelemetryPolicy } from '../telemetry/telemetry-policy.ts';
import type { TlsPolicies } from '../tls/tls-policy.ts';
import type { reachOf } from '../tls/tls-targets.ts';
import type { TrafficPolicies } from '../traffic/traffic-policy.ts';
import { keyOf, refOf } from '../../api/resource.ts';
import type { BackendTLSTargetRef } from '../../api/types.ts';
import type { Collection, Read } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';
import { byText } from '../../util/compare.ts';

/** What the statuses are made from. */
export interface StatusSources {
  readonly inputs: Inputs;
  readonly settings: Settings;
  readonly grants: ReferenceGrants;
  readonly classes: Collection<Class>;
  /** By reference. */
  readonly listenerSets: Collection<AnyListenerSet>;
  readonly gateways: Collection<GatewayState>;
  /** How many routes are attached, by listener key. */
  readonly attachedRoutes: Collection<number>;
  /** By reference of a route. */
  readonly attachments: Collection<readonly Attachment[]>;
  /** Of all kinds. Key: the reference. */
  readonly routes: Collection<TranslatedRoute>;
  /** Backends that nobody serves. */
  readonly empty: Collection<true>;
  readonly xBackends: Collection<XBackendState>;
  readonly pools: Collection<PoolState>;
  readonly policies: TlsPolicies;
  readonly traffic: TrafficPolicies;
  readonly telemetry: TelemetryPolicies;
  /** Gateways whose routes lead to the target of a policy. */
  readonly reach: ReturnType<typeof reachOf>;
}

/** The wanted statuses of all objects that are ours, a collection for each kind or family of kinds. */
export function statuses(graph: Graph, from: StatusSources): Collection<ObjectStatus>[] {
  const { inputs, settings } = from;
  const supportedFeatures = (settings.supportedFeatures ?? []).toSorted(byText).map((name) => ({ name }));
  const users = poolUsers(graph, from);
  return [
    graph.derive('gateway-class-status', from.classes, ({ name, conditions }) =>
      objectStatus('GatewayClass', name, { conditions, ...(supportedFeatures.length > 0 && { supportedFeatures }) }),
    ),
    graph.derive('gateway-status', from.gateways, (gateway, read) => {
      return objectStatus('Gateway', gateway.key, gatewayStatus(gateway, gatewayFacts(read, gateway, from)));
    }),
    graph.derive('listener-set-status', from.listenerSets, (set, read) => {
      const { generation } = set.metadata;
      const [parent] = parentOf(set) ?? [];
      const gateway = parent === undefined ? undefined : read.get(from.gateways, parent);
      const attached = gateway?.listenerSets.find(({ ref }) => ref === refOf(set));
      if (gateway === undefined || attached === undefined) {
        return settings.ownsEverything ? objectStatus(set.kind, set.key, orphanedListenerSetStatus(generation, parent === undefined ? wrongParent(set) : `no Gateway ${parent} of ours`)) : undefined;
      }
      const facts = gatewayFacts(read, gateway, from);
      const about = { generation, verdict: gatewayVerdict(gateway, facts), attachedRoutes: (listener: string) => facts.attachedRoutes(listener) };
      return objectStatus(set.kind, set.key, asKindHasIt(set, listenerSetStatus(gateway, attached, about)));
    }),
    graph.derive('superseded-listener-set-status', inputs.resources.XListenerSet, (set, read) => {
      if (!isSuperseded(read, set, inputs.resources)) return undefined;
      const isOurs = settings.ownsEverything || parentOf(set)?.some((gateway) => read.get(from.gateways, gateway) !== undefined) === true;
      return isOurs ? objectStatus(set.kind, set.key, supersededStatus(set)) : undefined;
    }),
    graph.derive('pending-gateway-status', inputs.resources.Gateway, (gateway, read) => {
      const why = classFault(read, gateway.object.spec.gatewayClassName, from);
      return why === undefined ? undefined : objectStatus('Gateway', gateway.key, pendingGatewayStatus(gateway.metadata.generation, why));
    }),
    xBackendStatuses(graph, from),
    ...inferencePoolStatuses(graph, { ...from, users }),
    ...inferencePolicyStatuses(graph, { ...from, users }),
    graph.derive('route-status', from.routes, (route, read, ref) => {
      const named = new Set([...route.backends, ...(route.passthroughBackends ?? [])]);
      const unserved = settings.ownsEverything ? [...named].filter((key) => read.get(from.empty, key) === true) : [];
      const about = {
        generation: route.generation,
        controllerName: settings.controllerNames[0] ?? '',
        unavailable: unavailableBackends(route.kind, unserved),
      };
      return objectStatus(route.kind, route.key, routeStatus(read.get(from.attachments, ref) ?? [], route, about));
    }),
    graph.derive('tls-policy-status', from.policies.all, (policy, read) => {
      const reach = (ref: BackendTLSTargetRef) => from.reach(read, policy.namespace, ref);
      return objectStatus('BackendTLSPolicy', policy.key, tlsPolicyStatus(read, policy, { policies: from.policies, reach }));
    }),
    graph.derive('traffic-policy-status', from.traffic.all, (policy, read) => {
      const reach = (ref: BackendTLSTargetRef) => from.reach(read, policy.namespace, ref);
      return objectStatus('XBackendTrafficPolicy', policy.key, trafficPolicyStatus(read, policy, { policies: from.traffic, reach }));
    }),
    graph.derive('telemetry-policy-status', from.telemetry.all, (policy, read) => {
      const facts: TelemetryPolicyFacts = {
        policies: from.telemetry,
        controllerName: settings.controllerNames[0] ?? '',
        gateway: ({ name }) => read.get(from.gateways, keyOf(policy.namespace, name)),
        missing: (ref) => missingTarget(read, policy.namespace, ref, from),
      };
      return objectStatus('XTelemetryPolicy', policy.key, telemetryPolicyStatus(read, policy, facts));
    }),
  ];
}

function gatewayFacts(read: Read, gateway: GatewayState, from: StatusSources): GatewayFacts {
  const rejection = read.get(from.inputs.rejections, `Gateway/${gateway.key}`);
  return {
    proxy: read.get(from.inputs.proxyStates, gateway.proxy),
    rejection: rejection?.version === gateway.version ? rejection.message : undefined,
    attachedRoutes: (listener) => read.get(from.attachedRoutes, listener) ?? 0,
  };
}

/** What is wrong with a Gateway's class, if that is ours to say. A class of another controller's is not. */
function classFault(read: Read, name: string, { inputs, settings, classes }: StatusSources): string | undefined {
  const own = read.get(classes, name);
  if (own?.accepted === true) return undefined;
  if (own !== undefined) return `GatewayClass ${name} is not accepted: ${own.conditions[0]?.message}`;
  if (!settings.ownsEverything || read.get(inputs.resources.GatewayClass, name) !== undefined) return undefined;
  return `GatewayClass ${name} does not exist`;
}

/**
 * What is wrong with a target that is no Gateway of ours. That a Gateway is not there at all is said by every controller (GEP-4768); objects of
 * another kind, and Gateways of a class that is not ours, may be another's business.
 */
function missingTarget(read: Read, namespace: string, ref: TelemetryPolicy['targetRefs'][number], { inputs, settings }: StatusSources): string | undefined {
  const key = keyOf(namespace, ref.name);
  if (!isGateway(ref)) return settings.ownsEverything ? `${ref.kind} ${key}: only a Gateway can be a target` : undefined;
  if (read.get(inputs.resources.Gateway, key) === undefined) return `Gateway ${key} does not exist`;
  return settings.ownsEverything ? `Gateway ${key} has a GatewayClass that is not ours, or not accepted` : undefined;
}
