import { decode } from '../api/decode.ts';
import type { KindName } from '../api/kinds.ts';
import type { Problem } from '../api/problem.ts';
import type { Decoded, Origin } from '../api/resource.ts';

/**
 * Whether objects of a kind have the effect that their author means:
 * - `served`: they have, or their conditions say why not;
 * - `inert`: others may refer to one, but not all that it asks for happens;
 * - `unserved`: nobody looks at one;
 * - `elsewhere`: the endpoint picker reads them, the gateway does not.
 */
export const SERVICE: Readonly<Record<KindName, 'served' | 'inert' | 'unserved' | 'elsewhere'>> = {
  Backend: 'served',
  BackendTLSPolicy: 'served',
  BackendTrafficPolicy: 'unserved',
  ClientTrafficPolicy: 'unserved',
  ClusterTrustBundle: 'served',
  ConfigMap: 'served',
  DeployedInferencePool: 'served',
  EndpointSlice: 'served',
  EnvoyExtensionPolicy: 'unserved',
  EnvoyPatchPolicy: 'unserved',
  EnvoyProxy: 'inert',
  Gateway: 'served',
  GatewayClass: 'served',
  GRPCRoute: 'served',
  HTTPRoute: 'served',
  HTTPRouteFilter: 'unserved',
  InferenceModel: 'served',
  InferenceModelRewrite: 'served',
  InferenceObjective: 'served',
  InferencePool: 'served',
  InferencePoolImport: 'served',
  ListenerSet: 'served',
  Namespace: 'served',
  Node: 'served',
  Pod: 'elsewhere',
  ReferenceGrant: 'served',
  RoutedInferenceModel: 'served',
  Secret: 'served',
  SecurityPolicy: 'unserved',
  Service: 'served',
  ServiceImport: 'served',
  TCPRoute: 'served',
  TLSRoute: 'served',
  UDPRoute: 'served',
  XBackend: 'served',
  XBackendTrafficPolicy: 'served',
  XInferenceModelRewrite: 'served',
  XInferenceObjective: 'served',
  XInferencePool: 'served',
  XListenerSet: 'served',
  XMesh: 'unserved',
  XTelemetryPolicy: 'served',
};

/** What the gateway reads from an API server. Of kinds that are not served, whoever writes one is told so. */
export const WATCHED_KINDS = (Object.keys(SERVICE) as KindName[]).filter((kind) => SERVICE[kind] !== 'elsewhere');

/**
 * Decodes an object of a file. One that is valid but of a kind that is not served is an error and left out: whoever writes a policy and hears
 * nothing takes it to be in force.
 */
export function decodeServed(value: unknown, origin: Origin): Decoded {
  const decoded = decode(value, origin);
  const { resource, problems } = decoded;
  if (resource === undefined) return decoded;
  switch (SERVICE[resource.kind as KindName]) {
    case 'served':
      return decoded;
    case 'inert': {
      const settings = settingsOf(value);
      if (settings.length === 0) return decoded;
      return { resource, problems: [...problems, problem('warning', `${resource.kind} is not served yet: ${settings.join(', ')} ${settings.length === 1 ? 'has' : 'have'} no effect`)] };
    }
    case 'unserved':
    case 'elsewhere':
      return { resource: undefined, problems: [...problems, problem('error', `${resource.kind} is not served yet: nothing of what it asks for happens`)] };
  }
}

function problem(severity: Problem['severity'], message: string): Problem {
  return { severity, field: 'kind', message };
}

/** Fields of an EnvoyProxy that mean the same wherever the proxy runs. */
const effective: ReadonlySet<string> = new Set(['backendTLS', 'filterOrder', 'mergeGateways', 'mergeType', 'preserveRouteOrder', 'routingType']);

/** What the author wrote and does not get; defaults are nobody's wish. */
function settingsOf(value: unknown): string[] {
  const { spec } = value as { readonly spec?: object | null };
  return Object.keys(spec ?? {}).filter((field) => !effective.has(field)).map((field) => `spec.${field}`);
}
