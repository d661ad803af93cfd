import { labelValue } from './names.ts';
import type { ProxyEnvironment, WantedProxy } from './wanted-proxy.ts';

type Labels = Readonly<Record<string, string>>;

/** Says whose an object is, so that two controllers in one cluster leave each other's objects alone. */
export const instanceLabel = 'moongate.dev/instance';
/** An annotation: the id of the proxy that an object was made for. */
export const proxyAnnotation = 'moongate.dev/proxy';
/** An annotation: hash of what was applied. It tells a change of ours, also one that only takes something away. */
export const appliedAnnotation = 'moongate.dev/applied';

/** Selects the objects that this controller made. */
export function ownSelector(environment: ProxyEnvironment): string {
  return Object.entries({ ...appLabels, ...instanceLabels(environment) })
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

/**
 * Selects a proxy's Pods. A Deployment's selector never changes, so neither may these: they are Envoy Gateway's to the letter,
 * and a fleet of its becomes ours by a rolling update.
 */
export function selectorLabels(wanted: WantedProxy, environment: ProxyEnvironment): Labels {
  const { gateway, gatewayClass } = wanted;
  if (gateway === undefined) return { ...appLabels, 'gateway.envoyproxy.io/owning-gatewayclass': labelValue(gatewayClass.name) };
  return {
    ...appLabels,
    'gateway.envoyproxy.io/owning-gateway-namespace': gateway.namespace,
    'gateway.envoyproxy.io/owning-gateway-name': labelValue(gateway.name),
    ...(environment.deploy === 'GatewayNamespace' ? { 'gateway.networking.k8s.io/gateway-name': labelValue(gateway.name) } : {}),
  };
}

/** Labels of a proxy's Pods, and of all its objects: the user's, and ours, which win. */
export function podLabels(wanted: WantedProxy, environment: ProxyEnvironment): Labels {
  const { gateway, gatewayClass } = wanted;
  return {
    ...wanted.labels,
    // GEP-1762: generated objects tell their Gateway and its class.
    ...(gateway === undefined ? {} : { 'gateway.networking.k8s.io/gateway-name': labelValue(gateway.name) }),
    'gateway.networking.k8s.io/gateway-class-name': labelValue(gatewayClass.name),
    ...selectorLabels(wanted, environment),
  };
}

/** Labels of the objects that are ours: those by which we find them again. */
export function instanceLabels(environment: ProxyEnvironment): Labels {
  return { [instanceLabel]: labelValue(environment.controllerNamespace) };
}

const appLabels = {
  'app.kubernetes.io/name': 'envoy',
  'app.kubernetes.io/component': 'proxy',
  // Scripts and dashboards made for Envoy Gateway select by this very value.
  'app.kubernetes.io/managed-by': 'envoy-gateway',
} as const;
