import { hash } from 'node:crypto';

import type { ProxyEnvironment, WantedProxy } from './wanted-proxy.ts';

/** What a name may hold besides prefix and hash, so that the whole is a DNS label of at most 63 characters. */
const maxStem = 48;
const maxLabelValue = 63;
const hashChars = 8;

/** A DNS label as RFC 1035 has it: what a Service may be called. */
const dnsLabel = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * What a proxy's objects are called, as with Envoy Gateway: `envoy-<namespace>-<gateway>-<hash>` among those of all
 * Gateways in the controller's namespace, the Gateway's own name in its namespace.
 */
export function proxyName(wanted: Pick<WantedProxy, 'id' | 'gateway'>, environment: Pick<ProxyEnvironment, 'deploy'>): string {
  const own = environment.deploy === 'GatewayNamespace' ? wanted.gateway?.name : undefined;
  // A Gateway's name may be longer than a Service's, and have dots.
  return own !== undefined && dnsLabel.test(own) ? own : hashedName(wanted.id);
}

/** Where a proxy's objects live. What Gateways share belongs to none of their namespaces. */
export function proxyNamespace(wanted: Pick<WantedProxy, 'gateway'>, environment: Pick<ProxyEnvironment, 'deploy' | 'controllerNamespace'>): string {
  const own = environment.deploy === 'GatewayNamespace' ? wanted.gateway?.namespace : undefined;
  return own ?? environment.controllerNamespace;
}

/** A text as a label's value: one that is too long is cut and made unique by a hash. */
export function labelValue(text: string): string {
  if (text.length <= maxLabelValue) return text;
  return `${text.slice(0, maxLabelValue - hashChars - 1).replace(/[^A-Za-z0-9]+$/, '')}-${shortHash(text)}`;
}

function hashedName(id: string): string {
  const flat = id.replaceAll(/[/.]/g, '-');
  // As Envoy Gateway cuts it: one dash at most goes.
  const stem = flat.length > maxStem ? flat.slice(0, maxStem).replace(/-$/, '') : flat;
  return `envoy-${stem}-${shortHash(id)}`;
}

function shortHash(text: string): string {
  return hash('sha256', text, 'hex').slice(0, hashChars);
}
