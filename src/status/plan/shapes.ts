import { BackendCondition, GatewayClassCondition, GatewayCondition, ListenerCondition, ListenerSetCondition } from '../../api/conditions.ts';

/**
 * The form that the status of a kind has.
 *
 * - `entries`: a list with an entry for each controller and parent. Every controller writes its own ones, so an entry says
 *   whose it is, and one that is no longer wanted is ours to remove. Those of `parent` have no field for that, see ./anonymous.ts.
 *   Beside the list there may be `conditions` of types that one writer has.
 * - `whole`: a status with one writer. Nothing in it says who that is: what is no longer wanted is left alone, since the
 *   object may have passed to another controller.
 */
export type Shape =
  | { readonly form: 'entries'; readonly list: 'parents' | 'ancestors' | 'parent'; readonly max: number; readonly conditions?: readonly string[] }
  | { readonly form: 'whole'; readonly conditions: readonly string[]; readonly fields: readonly string[] };

/** `fields` of listeners, by what Gateways and ListenerSets have in common. */
export const LISTENER_CONDITIONS: readonly string[] = Object.values(ListenerCondition);

/** `maxItems` in the CRDs. */
export const MAX_ADDRESSES = 16;
export const MAX_FEATURES = 64;

const route: Shape = { form: 'entries', list: 'parents', max: 32 };
const listenerSet: Shape = { form: 'whole', conditions: Object.values(ListenerSetCondition), fields: ['listeners'] };
const acceptedOnly: Shape = { form: 'whole', conditions: ['Accepted'], fields: [] };
const policy: Shape = { form: 'entries', list: 'ancestors', max: 16 };

/** Kinds whose status we write. A kind that is not here has none of ours. */
const shapes: Readonly<Record<string, Shape>> = {
  GatewayClass: { form: 'whole', conditions: Object.values(GatewayClassCondition), fields: ['supportedFeatures'] },
  Gateway: { form: 'whole', conditions: Object.values(GatewayCondition), fields: ['addresses', 'attachedListenerSets', 'listeners'] },
  ListenerSet: listenerSet,
  XListenerSet: listenerSet,
  Backend: { form: 'whole', conditions: Object.values(BackendCondition), fields: [] },
  HTTPRoute: route,
  GRPCRoute: route,
  TLSRoute: route,
  TCPRoute: route,
  UDPRoute: route,
  InferencePool: route,
  DeployedInferencePool: { form: 'entries', list: 'parents', max: 32, conditions: ['Deployed'] },
  XInferencePool: { form: 'entries', list: 'parent', max: 32 },
  InferenceModel: acceptedOnly,
  InferenceModelRewrite: acceptedOnly,
  InferenceObjective: acceptedOnly,
  RoutedInferenceModel: acceptedOnly,
  XInferenceModelRewrite: acceptedOnly,
  XInferenceObjective: acceptedOnly,
  BackendTLSPolicy: policy,
  BackendTrafficPolicy: policy,
  ClientTrafficPolicy: policy,
  EnvoyExtensionPolicy: policy,
  EnvoyPatchPolicy: policy,
  SecurityPolicy: policy,
  XBackendTrafficPolicy: policy,
  XTelemetryPolicy: policy,
  EnvoyProxy: policy,
  XBackend: { form: 'entries', list: 'ancestors', max: 32 },
};

/** The form of a kind's status, or undefined when we never write one. */
export function shapeOf(kind: string): Shape | undefined {
  return Object.hasOwn(shapes, kind) ? shapes[kind] : undefined;
}

/** All kinds whose status we may write, sorted. */
export const STATUS_KINDS: readonly string[] = Object.keys(shapes).sort();
